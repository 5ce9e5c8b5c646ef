"""How fast the studio's page is, in a browser without a window: strokes, frames, and its memory in a long day.

    .venv/bin/python -m tests.studio_pace

prints milliseconds from a stroke to its activations (median and 99th percentile), frames a second while a training is
under way, and the page's memory after as many states as a training of hours sends. Figures of a busy machine are its
own, not the page's.
"""

import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # where pytest finds them too

import chromium
from playwright.sync_api import sync_playwright
from studio_server import Served

STROKES = 200
STATES = 600  # drawn one a frame

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
# A training that goes on and on, one state a frame; what the server would send.
LONG = """async (states) => {
  const { change, state } = await import("/page/store.js");
  const server = state.server;
  for (let number = 0; number < states; number++) {
    const any = () => Math.random();
    const within = Array.from({ length: Math.min(360, number + 1) }, (_, place) => [place / 36, any(), any()]);
    const ended = () => ({ loss: any(), val_loss: any(), accuracy: any(), val_accuracy: any(), seconds: 1 });
    const curve = Array.from({ length: Math.min(500, 1 + number / 6) }, ended);
    const confusion = server.story.confusion.map((row) => row.map((part) => part + (number % 7)));
    const story = { ...server.story, phase: "training", within, curve, confusion, looks: number, epochs: 500 };
    change({ server: { ...server, story } });
    await new Promise(requestAnimationFrame);
  }
  change({ server });
}"""


def heap(tab):
    """Bytes of the page's objects that are still in use, and its elements."""
    tools = tab.context.new_cdp_session(tab)
    tools.send("HeapProfiler.collectGarbage")
    return tools.send("Runtime.getHeapUsage")["usedSize"], tab.evaluate("() => document.querySelectorAll('*').length")


def grown(tab, states):
    """Megabytes and elements more after so many states than after the first tenth of them."""
    tab.evaluate(LONG, states // 10)
    before = heap(tab)
    tab.evaluate(LONG, states)
    after = heap(tab)
    return (after[0] - before[0]) / 1e6, after[1] - before[1]


def main():
    served = Served(None).loaded()
    try:
        served.studio.train({"epochs": 2, "patience": 2}, "en")
        served.wait("trained", seconds=600)
        with sync_playwright() as playwright:
            browser = chromium.launch(playwright)
            tab = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
            tab.goto(served.address() + "#chapter=understanding&unit=3")
            tab.locator(".unit .products").wait_for()
            tab.get_by_text("Empty canvas").click()
            strokes = sorted(tab.evaluate(STROKE, STROKES)[20:])
            p99 = strokes[int(0.99 * len(strokes))]
            print(f"stroke to activations: median {statistics.median(strokes):.1f} ms, p99 {p99:.1f} ms")
            tab.keyboard.press("3")
            served.studio.train({"epochs": 60, "patience": 60}, "en")
            served.wait("training", seconds=60)
            frames = tab.evaluate(FRAMES, 6)
            served.studio.stop()
            served.wait("trained", seconds=60)
            late = sum(frame > 34 for frame in frames)
            rate = 1000 * len(frames) / sum(frames)
            print(f"while it trains: {rate:.0f} frames a second, {late} of {len(frames)} later than 34 ms")
            megabytes, elements = grown(tab, STATES)
            print(f"{STATES} states: {megabytes:+.2f} MB, {elements:+d} elements")
            browser.close()
    finally:
        served.close()


if __name__ == "__main__":
    main()
