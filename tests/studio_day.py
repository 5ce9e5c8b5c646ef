"""A training of eight hours, told to a page in minutes: every state that the server would send, as it would send it.

The states are made by the studio's own classes from a training that never was; the page takes each of them, and draws
as often as its frames let it. What it holds is counted after each quarter, once its garbage is collected.
"""

import random
import time

from rowwise.json_text import to_json
from rowwise.runs.events import EpochEnded
from rowwise.studio.newest import changes
from rowwise.studio.story import Story
from rowwise.studio.within import Within

HOURS, EPOCHS = 8, 1000  # as many epochs as the page lets one choose
LOOK = 1.5  # seconds between two looks into the model of Fashion-MNIST, about
AT_ONCE, DRAWN = 1500, 150  # states that one call hands to the page; of which each so many'th is waited for until drawn

# Before the page's own scripts: its stream of states, which can be taken over.
TAKEN_OVER = """() => {
  const Own = window.EventSource;
  window.EventSource = function (address) {
    this.own = new Own(address);
    this.count = 0;
    this.own.onmessage = (event) => (this.count++, this.onmessage(event));
    window.stream = this;
  };
  window.EventSource.CLOSED = Own.CLOSED;
}"""
PUSHED = """async ([states, drawn]) => {
  window.stream.own.close();
  for (let place = 0; place < states.length; place++) {
    window.stream.onmessage({ data: states[place] });
    if (place % drawn === 0) await new Promise(requestAnimationFrame);
  }
}"""


def rate_of(tab, served, seconds=5):
    """States a second that the server sends to the page while it trains."""
    served.studio.train({"hidden": [100, 30], "epochs": 1000, "patience": 1000}, "en")
    served.wait("training")
    tab.wait_for_timeout(1000)
    before, begun = tab.evaluate("() => window.stream.count"), time.perf_counter()
    tab.wait_for_timeout(1000 * seconds)
    rate = (tab.evaluate("() => window.stream.count") - before) / (time.perf_counter() - begun)
    served.studio.stop()
    served.wait("trained")
    return rate


def states(state, count, rate):
    """What the server sends of a training with `count` states, as JSON, after the state that the page has."""
    some, within, sent = random.Random(0), Within(), state
    matrix = state["story"]["confusion"]
    story = Story(**{**state["story"], "phase": "training", "number": state["story"]["number"] + 1, "epochs": EPOCHS})
    steps = max(2, count // EPOCHS)
    for number in range(count):
        epoch, done = number // steps, number % steps + 1
        within.add(epoch + 1, done, steps, {"loss": some.random(), "accuracy": some.random()})
        story = Story(**{**vars(story), "within": tuple(within.points)})
        if number % max(1, round(LOOK * rate)) == 0:
            confusion = tuple(tuple(part + some.randrange(9) for part in row) for row in matrix)
            story = Story(**{**vars(story), "looks": story.looks + 1, "confusion": confusion})
        if done == steps:
            names = ("loss", "accuracy", "val_loss", "val_accuracy")
            story = story.after(EpochEnded(epoch + 1, {name: some.random() for name in names}, steps / rate))
        now = {**state, "story": dict(vars(story))}
        yield to_json(changes(sent, now)).decode()
        sent = now


def held(tab):
    """Bytes of the page's objects in use, its nodes and its listeners, once what nobody uses is gone."""
    tools = tab.context.new_cdp_session(tab)
    for _ in range(2):
        tools.send("HeapProfiler.collectGarbage")
    counted = tools.send("Memory.getDOMCounters")
    used = tools.send("Runtime.getHeapUsage")["usedSize"]
    tools.detach()
    return used, counted["nodes"], counted["jsEventListeners"]


def day(tab, served, rate, hours=HOURS, parts=4):
    """What the page holds after each part of the day: (states until then, bytes, nodes, listeners)."""
    count = int(hours * 3600 * rate)
    made, told = states(served.studio.newest.state, count, rate), 0
    found = []
    for part in range(1, parts + 1):
        until = count * part // parts
        while told < until:
            some = [next(made) for _ in range(min(AT_ONCE, until - told))]
            tab.evaluate(PUSHED, [some, DRAWN])
            told += len(some)
        found.append((told, *held(tab)))
    return found
