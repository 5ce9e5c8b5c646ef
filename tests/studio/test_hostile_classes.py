"""A folder of pictures whose classes are called as a page must not read them: they stay text, from end to end."""

import numpy as np
from conftest import Served
from PIL import Image

from rowwise.data.source import Source

HOSTILE = "<img src=x onerror=document.title=1>"


def test_a_class_may_be_called_anything(browser, tmp_path):
    random = np.random.default_rng(0)
    for name, shade in ((HOSTILE, 40), ("'\"&amp;{n}", 200)):
        folder = tmp_path / "pictures" / name
        folder.mkdir(parents=True)
        for number in range(12):
            pixels = (random.integers(0, 50, (8, 8)) + shade).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png")
    served = Served(Source(str(tmp_path / "pictures"))).loaded()
    try:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        tab = context.new_page()
        tab.goto(served.address())
        tab.locator(".class-name", has_text=HOSTILE).wait_for()
        served.studio.train({"hidden": [4], "epochs": 2, "patience": 2}, "en")
        assert served.wait("trained", "failed")["phase"] == "trained"
        tab.keyboard.press("3")
        tab.locator(".confusion th", has_text=HOSTILE).first.wait_for()
        tab.locator(".histogram-row").nth(1).wait_for()
        tab.keyboard.press("4")
        tab.locator(".answer-name", has_text=HOSTILE).wait_for()
        assert "'\"&amp;{n}" in tab.inner_text(".answers[role=img]")
        assert not tab.locator("img[src=x]").count()
        assert tab.title() != "1"
        context.close()
    finally:
        served.close()
