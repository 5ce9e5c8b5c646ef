"""Scenes of the studio → PNG files, by a browser without a window: for the documentation, and to look at.

    .venv/bin/python -m tests.scenes --lang ko --train "hidden=100,30&epochs=5" out "question=2" "chapter=learning"

writes out/1.png, out/2.png, one for each scene; a scene is what stands behind # in the studio's address. `NAME:` before
a scene names its file, `--of .ledger` cuts out the part that a selector finds.
"""

import argparse
import sys
import time
from pathlib import Path
from urllib.parse import parse_qsl

sys.path.insert(0, str(Path(__file__).parent))  # where pytest finds them too

import chromium
from playwright.sync_api import sync_playwright
from studio_server import Served

from rowwise.data.source import Source

SETTINGS = {"hidden": lambda text: [int(part) for part in text.split(",")], "learning_rate": float, "activation": str}


def take(browser, address, scenes, out, lang="en", width=1280, height=900, theme="light", of="", full=False):
    """Write a picture of each scene, a pair of a name and a link; returns the paths."""
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
    written = []
    for name, link in scenes:
        tab = context.new_page()
        tab.on("console", lambda said: print(said.text, file=sys.stderr) if said.type == "error" else None)
        tab.goto(f"{address}#{link}")
        tab.locator(".chapter.open").wait_for()
        tab.wait_for_timeout(1500)  # until what moves stands still
        path = Path(out) / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        if of:
            tab.locator(of).first.screenshot(path=path)
        else:
            tab.screenshot(path=path, full_page=full)
        written.append(path)
        tab.close()
    context.close()
    return written


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("scenes", nargs="*", default=["chapter=data"])
    parser.add_argument("--data", default=None, help="a data set's name; the default is the studio's")
    parser.add_argument("--train", default=None, help="settings of a training before the pictures are taken")
    parser.add_argument("--lang", default="en", choices=["en", "ko"])
    parser.add_argument("--theme", default="light", choices=["light", "dark"])
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=900)
    parser.add_argument("--of", default="")
    parser.add_argument("--full", action="store_true", help="the whole page, not only what the window shows")
    given = parser.parse_intermixed_args()
    served = Served(Source(given.data) if given.data else None).loaded()
    try:
        if given.train is not None:
            chosen = {name: SETTINGS.get(name, int)(value) for name, value in parse_qsl(given.train)}
            served.studio.train(chosen, given.lang)
            served.wait("trained", "failed", seconds=600)
            time.sleep(0.5)
        scenes = [
            (name or str(number), link)
            for number, (name, link) in enumerate((_named(scene) for scene in given.scenes), 1)
        ]
        with sync_playwright() as playwright:
            browser = chromium.launch(playwright)
            options = {name: getattr(given, name) for name in ("lang", "width", "height", "theme", "of", "full")}
            for path in take(browser, served.address(given.lang), scenes, given.out, **options):
                print(path)
            browser.close()
    finally:
        served.close()


def _named(scene):
    name, colon, link = scene.partition(":")
    return (name, link) if colon else ("", scene)


if __name__ == "__main__":
    main()
