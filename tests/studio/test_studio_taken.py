"""What goes into the page and out of it: dropped pictures, a state as a file, pictures and a report to keep; a server
that is gone and comes back."""

import io
import json
import re

import numpy as np
import pytest
from PIL import Image
from studio_server import TOKEN, Served
from test_routes import asked

from rowwise.data.source import Source
from rowwise.text import catalogue

# Files as a browser's own window drops them, on whatever a selector finds.
DROP = """([selector, files]) => {
  const dropped = new DataTransfer();
  for (const [name, type, content] of files) {
    dropped.items.add(new File([Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0))], name, { type }));
  }
  const place = document.querySelector(selector);
  for (const kind of ["dragover", "drop"]) {
    place.dispatchEvent(new DragEvent(kind, { dataTransfer: dropped, bubbles: true, cancelable: true }));
  }
}"""


def encoded(name, pixels):
    """What `DROP` takes of a picture."""
    import base64

    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return [name, "image/png", base64.b64encode(content.getvalue()).decode()]


@pytest.fixture
def tab(browser, trained):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    tab, errors = context.new_page(), []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.goto(trained.address())
    tab.locator(".sample-row .tile").first.wait_for()
    yield tab
    context.close()
    assert not errors


def test_a_picture_that_is_dropped_is_the_record_of_the_whole_page(tab, trained):
    x = trained.studio.held.test.x[3]
    pixels = np.asarray(x, np.uint8) if x.dtype == np.uint8 else (x * 255 / x.max()).astype(np.uint8)
    tab.evaluate(DROP, ["main", [encoded("<b>nine</b>.png", pixels.reshape(8, 8))]])
    tab.locator("#understanding.open").wait_for()
    tab.locator(".picked", has_text="<b>nine</b>.png").last.wait_for()
    assert not tab.locator("b", has_text="nine").count()
    answer = trained.studio.saved.predict(pixels.reshape(1, 8, 8)).classes[0]
    tab.locator(".answers[role=img] .answer:first-child .answer-name", has_text=str(answer)).wait_for()


@pytest.fixture
def as_before(trained):
    """Afterwards the digits again, with a network, as the others expect them."""
    yield
    trained.wait("trained", "failed", "idle")
    trained.studio.open(Source("digits"), "en")
    trained.loaded()
    number = trained.studio.newest.state["story"]["number"]
    trained.studio.train({"hidden": [12], "epochs": 4, "patience": 4, "seed": 3}, "en")
    trained.wait("trained", after=number)


@pytest.mark.usefixtures("as_before")
def test_loose_pictures_become_classes(tab, trained, tmp_path, monkeypatch):
    monkeypatch.setenv("ROWWISE_CACHE", str(tmp_path))
    random = np.random.default_rng(0)
    dark, light = (
        [encoded(f"{number}.png", (random.integers(0, 60, (8, 8)) + shade).astype(np.uint8)) for number in range(12)]
        for shade in (10, 190)
    )
    tab.evaluate(DROP, ["main", dark])
    tab.locator(".pile-box").nth(1).wait_for()
    assert tab.locator(".pile-box img").count() == 8
    tab.locator(".pile-box input[type=text]").first.fill("어두움")
    second = tab.locator(".pile-box input[type=text]").nth(1)
    second.fill("어두움")  # which is then one class, and said to be
    second.press("Tab")
    tab.locator("#data [aria-live]", has_text="어두움: they are one class").wait_for()
    tab.evaluate(DROP, [".pile-box:nth-child(2)", light])
    tab.locator(".pile-box:nth-child(2) img").first.wait_for()
    tab.locator(".pile-box input[type=text]").nth(1).fill("<i>밝음/")
    trained.studio.train({"hidden": [4], "epochs": 1000, "patience": 1000}, "en")
    trained.wait("training")
    trained.studio.pause()  # or it has ended before a slow browser asks
    trained.wait("paused")
    tab.click(f"text={catalogue()['studio.pile.read']['en']}")
    tab.locator("#problem", has_text=catalogue()["studio.busy"]["en"]).wait_for()
    assert tab.locator(".pile-box img").count() == 16
    trained.studio.stop()
    trained.wait("trained")
    tab.click(f"text={catalogue()['studio.pile.read']['en']}")
    tab.locator(".class-name", has_text="<i>밝음-").wait_for()
    assert sorted(trained.studio.held.test.classes) == ["<i>밝음-", "어두움"]
    assert trained.studio.held.train.shape == (8, 8)


@pytest.mark.usefixtures("as_before")
def test_a_state_is_kept_as_a_file_and_opened_again(tab, trained, tmp_path):
    tab.evaluate("() => { location.hash = '' }")
    tab.keyboard.press("2")
    tab.click("[data-value=batch]")
    tab.click("[data-value=torch]")
    tab.locator("#more summary").click()
    with tab.expect_download() as download:
        tab.click("#keep-state")
    kept = tmp_path / "state.json"
    download.value.save_as(kept)
    state = json.loads(kept.read_text())
    assert state["data"] == "digits"
    tab.click("[data-value=keras]")
    tab.click("[data-value=designed]")
    tab.keyboard.press("1")
    tab.set_input_files("#open-state", kept)
    tab.locator(".formula", has_text=re.compile(r"\(32, 64\) · \(12, 64\)ᵀ")).wait_for()
    for content in (b"{", b"[1]", b'{"rowwise-studio": 2}', b'{"rowwise-studio": 1, "state": 7}'):
        tab.set_input_files("#open-state", {"name": "x.json", "mimeType": "application/json", "buffer": content})
        tab.locator("#problem", has_text="holds no page").wait_for()
    # Of other data than those that are open: they are opened first, then the record that was drawn is back.
    trained.studio.open(Source("garments"), "en")
    trained.loaded()
    tab.locator("#about", has_text=trained.studio.held.test.provenance[:20]).wait_for()
    kept.write_text(json.dumps({**state, "drawn": {"bytes": True, "values": list(range(64))}}))
    tab.set_input_files("#open-state", kept)
    drawn = "() => import('/page/store.js').then(({ state }) => state.drawn && state.drawn[63])"
    while tab.evaluate(drawn) != 63:
        tab.wait_for_timeout(50)
    assert trained.studio.held.test.name == "digits"
    trained.studio.open(Source("garments"), "en")
    trained.loaded()
    while tab.evaluate(drawn) is not None:  # it is of the data before
        tab.wait_for_timeout(50)


def test_pictures_and_the_report_can_be_kept(tab, tmp_path):
    tab.keyboard.press("3")
    tab.locator(".confusion tbody button").first.wait_for()
    for kind in ("PNG", "SVG"):
        tab.locator(".confusion-room").hover()
        with tab.expect_download() as download:
            tab.locator(".confusion-room .take button", has_text=kind).click()
        file = tmp_path / download.value.suggested_filename
        download.value.save_as(file)
        assert file.name == f"rowwise-confusion.{kind.lower()}"
    own = tab.locator(".confusion-room").bounding_box()
    picture = Image.open(tmp_path / "rowwise-confusion.png")
    assert picture.width == pytest.approx(2 * (own["width"] + 32), abs=4)
    assert len(picture.convert("RGB").resize((60, 60)).getcolors(3600)) > 20  # not one empty ground
    drawing = (tmp_path / "rowwise-confusion.svg").read_text()
    assert drawing.startswith("<svg")
    assert "precision" in drawing
    with tab.expect_download() as download:
        tab.click(f"text={catalogue()['studio.learning.report']['en']}")
    download.value.save_as(tmp_path / "report.html")
    assert "<html" in (tmp_path / "report.html").read_text()[:2000]


@pytest.mark.usefixtures("as_before")
def test_what_has_diverged_is_drawn_said_and_can_be_tried_again(tab, trained):
    number = trained.studio.newest.state["story"]["number"]
    trained.studio.train({"hidden": [12], "epochs": 4, "learning_rate": 10.0, "patience": 4}, "en")
    story = trained.wait("trained", "failed", after=number)
    assert story["diverged"][0] == 1
    assert story["diverged"][1] > 10
    tab.keyboard.press("3")
    tab.locator(".status.wrong", has_text="diverged in epoch 1").wait_for()
    assert "Nothing was learned" in tab.inner_text(".status")
    assert tab.locator(".broken").count() == 2
    tab.locator("button", has_text="learning rate 1").click()
    trained.wait("trained", "failed", after=number + 1)
    assert trained.studio.newest.state["story"]["settings"]["learning_rate"] == 1.0
    # Outputs that are no numbers any more: a tenth of that would be as hopeless.
    trained.studio.train({"hidden": [12], "epochs": 4, "learning_rate": 1e30, "patience": 4}, "en")
    assert trained.wait("trained", "failed", after=number + 2)["phase"] == "trained"
    tab.locator(".status.wrong", has_text=re.compile(r"NaN.*1e\+30")).wait_for()
    tab.locator("button", has_text="learning rate 0.001").wait_for()


def test_the_focus_stays_where_it_was_while_the_page_fetches(tab, trained):
    tab.keyboard.press("4")
    tab.locator("#understanding.open").wait_for()
    cells = tab.locator(".cells").first.locator(".cell")
    cells.nth(3).focus()
    for event in range(6):  # states that come meanwhile, each with other weights to fetch
        trained.studio._change(looks=1000 + event)
        tab.wait_for_timeout(40)
    assert tab.evaluate("() => document.activeElement.dataset.unit") == "0 3"
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("Enter")
    tab.locator(".unit-room h3", has_text="unit 4").wait_for()
    tab.keyboard.press("2")
    tab.locator("#network.open").wait_for()
    tab.locator("[data-keep=pick-0]").focus()
    tab.keyboard.press("Tab")  # the layer cannot go to the left: its button is passed by
    focused = tab.evaluate(
        "() => document.activeElement.dataset.keep ?? document.activeElement.getAttribute('aria-label')"
    )
    tab.evaluate("() => import('/page/store.js').then((store) => store.change({ layer: 1 }))")
    tab.wait_for_timeout(100)
    again = tab.evaluate(
        "() => document.activeElement.dataset.keep ?? document.activeElement.getAttribute('aria-label')"
    )
    assert again == focused


def test_a_server_that_is_gone_is_said_and_one_that_is_back_is_followed(browser):
    first = Served(Source("digits")).loaded()
    tab = browser.new_context().new_page()
    tab.goto(first.address())
    tab.locator(".sample-row .tile").first.wait_for()
    first.close()
    tab.locator("#problem", has_text="does not answer").wait_for()
    second = Served(Source("garments"), first.port).loaded()
    try:
        tab.locator("#problem").wait_for(state="hidden")
        tab.locator("#about", has_text=second.studio.held.test.provenance[:20]).wait_for()
    finally:
        tab.context.close()
        second.close()


def test_a_folder_that_is_replaced_is_removed(served, tmp_path, monkeypatch):
    monkeypatch.setenv("ROWWISE_CACHE", str(tmp_path))
    content = io.BytesIO()
    Image.new("L", (8, 8)).save(content, "PNG")
    for name in ("one", "two"):
        assert asked(served, "POST", "/pictures", json.dumps({"name": name}).encode())[0] == 200
        assert asked(served, "PUT", "/picture", content.getvalue(), X_Name=f"{name}/a/0.png")[0] == 200
    (kept,) = tmp_path.rglob("*.png")
    assert kept.parts[-3:] == ("two", "a", "00000.png")


def test_a_ticket_opens_the_page_once(served):
    from starlette.testclient import TestClient

    from rowwise.serve.guard import Guard, policy
    from rowwise.studio.routes import app

    guarded = Guard(app(served.studio), policy("127.0.0.1", TOKEN))
    ticket = guarded.ticket()
    first, second = (TestClient(guarded, base_url="http://127.0.0.1") for _ in range(2))
    answer = first.get(f"/?token={ticket}&lang=ko", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/?lang=ko")
    assert first.get("/").status_code == 200  # by its cookie
    assert second.get(f"/?token={ticket}", follow_redirects=False).status_code == 401
    again = first.get(f"/?token={TOKEN}", follow_redirects=False)
    assert (again.status_code, again.headers["location"]) == (303, "/")  # so that the token stands in no history


@pytest.mark.usefixtures("as_before")
def test_a_reload_amid_a_training_shows_it_as_it_is(tab, trained):
    number = trained.studio.newest.state["story"]["number"]
    trained.studio.train({"hidden": [12], "epochs": 500, "patience": 500}, "en")
    trained.wait("training", after=number)
    trained.studio.pause()
    story = trained.wait("paused", after=number)
    tab.goto(trained.address() + "#chapter=learning")
    tab.locator(".status", has_text="Paused").wait_for()
    tab.reload()
    tab.locator(".status", has_text="Paused").wait_for()
    drawn = tab.locator(".line.train:not(.within)").first.get_attribute("points").split()
    assert len(drawn) == len(story["curve"])
    tab.click(f"text={catalogue()['studio.learning.stop']['en']}")
    assert trained.wait("trained", after=number)["interrupted"]


@pytest.mark.thorough
def test_hours_of_states_leave_nothing_behind(browser, trained):
    """What the page holds after many states of a training is what it held after few. `studio_pace day` sends all."""
    from studio_day import TAKEN_OVER, day

    tab = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    tab.add_init_script(f"({TAKEN_OVER})()")
    tab.goto(trained.address() + "#chapter=learning")
    tab.locator(".confusion tbody button").first.wait_for()
    parts = day(tab, trained, rate=8, hours=0.5)
    tab.context.close()
    (_, before, nodes_before, listeners_before), (_, after, nodes, listeners) = parts[1], parts[-1]
    assert after - before < 1e6
    assert abs(nodes - nodes_before) < 500
    assert abs(listeners - listeners_before) < 50
