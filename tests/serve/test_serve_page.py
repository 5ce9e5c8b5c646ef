"""The page: it asks and shows, in both languages and on a telephone, and reaches nothing but its server."""

import base64
import hashlib
import re
import threading

import numpy as np
import pytest
import uvicorn
from PIL import Image

from rowwise.serve.guard import policy
from rowwise.serve.start import guarded


@pytest.fixture(scope="module")
def place(service):
    """The address of a server in a thread."""
    server = uvicorn.Server(uvicorn.Config(guarded(service, policy()), port=0, lifespan="off", log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        pass
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def test_its_policy_lets_its_own_script_run_and_nothing_else(client):
    answer = client.get("/?model=classes")
    (script,) = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    said = answer.headers["content-security-policy"]
    assert f"script-src 'sha256-{digest}'" in said
    assert "default-src 'none'" in said
    assert "unsafe-inline" not in said.partition("script-src")[2]
    assert not re.findall(r'(?:src|href)="(?!/|#|data:)', answer.text)
    assert answer.headers["x-frame-options"] == "DENY"


def test_it_shows_the_model_its_ledger_and_a_call_that_works(client, runs):
    for name in runs:
        text = client.get(f"/?model={name}").text
        assert f'aria-current="page">{name}<' in text
        assert "hidden_1" in text
    text = client.get("/?model=classes", headers={"accept-language": "ko"}).text
    assert '<html lang="ko">' in text
    assert "예측하기" in text
    assert client.get("/?model=none").status_code == 404


@pytest.mark.slow
@pytest.mark.parametrize(("lang", "width", "scheme"), [("en-US", 1100, "light"), ("ko-KR", 380, "dark")])
def test_the_form_asks_the_model_and_shows_its_answer(browser, place, tmp_path, lang, width, scheme):
    context = browser.new_context(viewport={"width": width, "height": 800}, locale=lang, color_scheme=scheme)
    page, troubles, asked = context.new_page(), [], []
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{place}/?model=classes")
    page.fill("[data-name=town]", "<b>moon</b>")
    page.click("button")
    page.wait_for_selector(".said")
    assert page.text_content(".said") in ("cheap", "dear")
    assert "town" in page.text_content(".warning")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.goto(f"{place}/?model=quantiles")
    page.click("button")
    page.wait_for_selector(".said")
    assert "80%" in page.text_content("#answer")
    page.goto(f"{place}/?model=digits")
    Image.fromarray(np.full((8, 8), 90, np.uint8)).save(tmp_path / "eight.png")
    page.set_input_files("#picture", tmp_path / "eight.png")
    page.wait_for_selector(".said")
    assert page.text_content(".said") in "0123456789"
    assert troubles == []
    assert all(url.startswith((place, "blob:")) for url in asked)
    context.close()
