"""A table that is dropped on the page: hostile names stay text, its target is chosen, its records are rows."""

import pytest
from test_routes import asked

from rowwise.data.source import Source

HOSTILE = '<img src=x onerror="document.title=1">'


@pytest.fixture(scope="module")
def table():
    rows = ["방수,지은 해,<b>동네</b>,난방,가격"]
    for number in range(240):
        rooms, year = number % 6 + 1, 1980 + number % 40
        place = ('"<img src=x onerror=""document.title=1"">"', "강남", "마포")[number % 3]
        price = rooms * 90 + year - 1980 + 100 * (number % 3)
        rows.append(f"{rooms if number % 11 else ''},{year},{place},{'개별' if number % 4 else ''},{price}")
    return "\n".join(rows).encode()


@pytest.fixture
def opened(browser, trained, tmp_path, monkeypatch):
    """The page, and afterwards the digits again for the others."""
    monkeypatch.setenv("ROWWISE_CACHE", str(tmp_path))
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    tab, errors = context.new_page(), []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    tab.goto(trained.address("ko"))
    tab.locator(".sample-row .tile").first.wait_for()
    yield tab
    context.close()
    trained.studio.open(Source("digits"), "en")
    trained.loaded()
    trained.studio.train({"hidden": [12], "epochs": 4, "patience": 4, "seed": 3}, "en")
    trained.wait("trained")
    assert not [error for error in errors if "script-src" not in error]


def test_a_table_goes_the_whole_way(opened, trained, table):
    tab, studio = opened, trained.studio
    tab.set_input_files("#table-file", {"name": "../../집값.csv", "mimeType": "text/csv", "buffer": table})
    tab.locator(".offered table").wait_for()
    assert HOSTILE in tab.inner_text(".offered")
    tab.select_option("#target", "가격")
    tab.locator(".offered tbody tr", has_text="지은 해").locator("select").select_option("drop")
    tab.click(".offered button.main")
    tab.locator("#data .columns-table [data-record='3']").click()
    assert studio.held.source.target == ("가격",)
    assert studio.held.source.drop == ("지은 해",)
    assert studio.held.test.schema.inputs == ("방수", "<b>동네</b>", "난방")
    assert "똑같은 레코드" in tab.inner_text(".notes")
    assert "/" not in tab.inner_text("#about")  # no folder of this machine
    tab.locator("#learning .spine").click()
    tab.locator("#train").click()
    tab.locator(".status", has_text="평균 절대 오차").wait_for()
    tab.locator("#understanding .spine").click()
    tab.locator(".answers .number").first.wait_for()
    before = tab.inner_text(".answers[role=img] .number")
    said = studio.saved.predict(studio.held.test[3:4]).values[0, 0]
    assert float(before.split()[-1]) == pytest.approx(said, abs=0.02)
    tab.locator(".form select").first.select_option(label="강남" if "마포" in before else "마포")
    tab.locator(".form input[type=range]").first.fill("6")
    tab.locator(".answers[role=img] .number", has_not_text=before).wait_for()
    assert tab.title() != "1"
    assert not tab.locator("img[src=x], b b").count()
    tab.locator(".cells").first.locator(".cell").nth(2).click()
    tab.locator(".unit .products").wait_for()
    assert "같은 값" in tab.inner_text(".unit")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.exe", b"a,b\n1,2\n", ".csv"),
        ("empty.csv", b"", "empty"),
        ("zeros.csv", b"\0" * 40, ""),
        ("x.parquet", b"PAR1", ""),
    ],
)
def test_what_is_no_table_is_refused_in_words(trained, name, content, said, tmp_path, monkeypatch):
    monkeypatch.setenv("ROWWISE_CACHE", str(tmp_path))
    status, answer = asked(trained, "PUT", "/table", content, X_Name=name)
    assert status == 400
    assert said in answer.decode()
    assert "Traceback" not in answer.decode()


def test_a_target_that_is_no_column_is_refused(trained, table, tmp_path, monkeypatch):
    monkeypatch.setenv("ROWWISE_CACHE", str(tmp_path))
    assert asked(trained, "PUT", "/table", table, X_Name="rooms.csv")[0] == 200
    for body in (b'{"target": "price"}', b'{"target": ["x"]}', '{"target": "가격", "drop": "방수"}'.encode()):
        assert asked(trained, "POST", "/target", body)[0] == 400
