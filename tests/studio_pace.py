"""How fast the studio's page is, in a browser without a window: cold, strokes, frames, and its memory in a long day.

    .venv/bin/python -m tests.studio_pace [cold | strokes | watched | day] …

prints the seconds from `rowwise studio` to a trained model on the screen; milliseconds from a stroke to its activations
(median and 99th percentile) and frames a second while a training is under way; what watching costs, ten epochs before
an open page and ten before none in alternation; and what the page holds after each quarter of a training of eight
hours, all of whose states it is sent. Figures of a busy machine are its own, not the page's.
"""

import argparse
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # where pytest finds them too

import chromium
from playwright.sync_api import sync_playwright
from studio_cold import train_cold
from studio_day import HOURS, TAKEN_OVER, day, rate_of
from studio_server import Served

STROKES = 200
EPOCHS = 10  # of a training that is watched

# From the stroke's event to the frame in which the activations of that record are painted.
STROKE = """async (strokes) => {
  const { change, state } = await import("/page/store.js");
  const pad = document.querySelector("canvas.pad");
  const answers = document.querySelector(".answers[role=img]");
  const box = pad.getBoundingClientRect();
  const taken = [];
  for (let stroke = 0; stroke < strokes; stroke++) {
    const place = (from, size, by) => from + 30 + ((stroke * by) % (size - 60));
    const at = { clientX: place(box.left, box.width, 37), clientY: place(box.top, box.height, 53) };
    if (stroke % 20 === 0) change({ drawn: new state.drawn.constructor(state.drawn.length) });
    await new Promise((go) => setTimeout(go, 30));
    const drawn = new Promise((go) => {
      new MutationObserver((_, watch) => (watch.disconnect(), go())).observe(answers, { childList: true });
    });
    const begun = performance.now();
    pad.dispatchEvent(new PointerEvent("pointerdown", { ...at, pointerId: 1, bubbles: true }));
    pad.dispatchEvent(new PointerEvent("pointerup", { ...at, pointerId: 1, bubbles: true }));
    await drawn;
    taken.push(performance.now() - begun);
  }
  return taken;
}"""
FRAMES = """async (seconds) => {
  const frames = [];
  const end = performance.now() + 1000 * seconds;
  while (performance.now() < end) frames.push(await new Promise(requestAnimationFrame));
  return frames.slice(1).map((time, index) => time - frames[index]);
}"""


def cold(browser, rounds):
    """The seconds of each round, with what passed between; and their median."""
    browser.new_context().new_page().goto("about:blank")  # the browser's own first page is not the studio's
    taken = []
    for _ in range(rounds):
        seen, accuracy = train_cold(browser)
        for name, seconds in seen.items():
            print(f"  {seconds:5.2f} s  {name}")
        taken.append(seconds)
        print(f"         accuracy on the screen: {accuracy} %")
    print(f"cold to a trained model: median {statistics.median(taken):.2f} s of {rounds}")


def trained(browser, link):
    """A studio with a trained model, and a page of it."""
    served = Served(None).loaded()
    served.studio.train({"epochs": 2, "patience": 2}, "en")
    served.wait("trained", seconds=600)
    tab = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    tab.add_init_script(f"({TAKEN_OVER})()")
    tab.goto(served.address() + link)
    return served, tab


def strokes(browser, rounds):
    """Strokes to activations, and frames a second."""
    served, tab = trained(browser, "#chapter=understanding&unit=3")
    try:
        tab.locator(".unit .products").wait_for()
        tab.get_by_text("Empty canvas").click()
        taken = sorted(tab.evaluate(STROKE, STROKES)[20:])
        p99 = taken[int(0.99 * len(taken))]
        print(f"stroke to activations: median {statistics.median(taken):.1f} ms, p99 {p99:.1f} ms")
        tab.keyboard.press("3")
        served.studio.train({"epochs": 60, "patience": 60}, "en")
        served.wait("training", seconds=60)
        frames = tab.evaluate(FRAMES, 6)
        served.studio.stop()
        served.wait("trained", seconds=60)
        late = sum(frame > 34 for frame in frames)
        rate = 1000 * len(frames) / sum(frames)
        print(f"while it trains: {rate:.0f} frames a second, {late} of {len(frames)} later than 34 ms")
    finally:
        tab.context.close()
        served.close()


def watched(browser, rounds):
    """How much longer ten epochs take where the chapter of learning is open, beside those that no page follows."""
    served, tab = trained(browser, "#chapter=learning")
    taken = {False: [], True: []}
    try:
        for number in range(2 * rounds + 1):
            open_ = number % 2 == 1
            tab.goto(served.address() + "#chapter=learning" if open_ else "about:blank")
            if open_:
                tab.locator(".confusion tbody button").first.wait_for()
            tab.wait_for_timeout(700)
            before = served.studio.newest.state["story"]["number"]
            served.studio.train({"epochs": EPOCHS, "patience": EPOCHS}, "en")
            served.wait("measuring", "trained", seconds=600, after=before)
            story = served.wait("trained", seconds=600, after=before)
            if number:  # the first one warms the machine
                taken[open_].append(sum(epoch["seconds"] for epoch in story["curve"]))
        alone, before_it = (statistics.median(taken[one]) for one in (False, True))
        ratios = sorted(one / other for one, other in zip(taken[True], taken[False], strict=True))
        print(f"{EPOCHS} epochs: {alone:.2f} s with no page, {before_it:.2f} s before one, medians of {rounds}")
        print(f"ratio: median {statistics.median(ratios):.3f}, from {ratios[0]:.3f} to {ratios[-1]:.3f}")
    finally:
        tab.context.close()
        served.close()


def long_day(browser, rounds):
    """What a page holds in a training of eight hours."""
    served, tab = trained(browser, "#chapter=learning")
    try:
        tab.locator(".confusion tbody button").first.wait_for()
        rate = rate_of(tab, served)
        print(f"the server sends {rate:.1f} states a second: {HOURS * 3600 * rate:,.0f} in {HOURS} hours")
        for told, used, nodes, listeners in day(tab, served, rate):
            print(f"  {told:9,} states  {used / 1e6:6.2f} MB  {nodes:6,} nodes  {listeners:6,} listeners", flush=True)
    finally:
        tab.context.close()
        served.close()


MEASURES = {"cold": cold, "strokes": strokes, "watched": watched, "day": long_day}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", choices=[*MEASURES, []], help="the default is all of them")
    parser.add_argument("--rounds", type=int, default=3, help="of cold starts, and of trainings that are watched")
    given = parser.parse_args()
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        for name in given.what or MEASURES:
            MEASURES[name](browser, given.rounds)
        browser.close()


if __name__ == "__main__":
    main()
