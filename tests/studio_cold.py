"""From `rowwise studio` typed to a trained model on the screen: a new process, and a browser that was open before."""

import re
import subprocess
import sys
import time

ACCURACY = re.compile(r"Accuracy on the test records: ([0-9.]+)")
MOST = 120_000  # milliseconds that a busy machine may take

# When the training came to each of its phases, as drawn, in milliseconds since the page began to load.
FOLLOWED = """async () => {
  const { onChange } = await import("/page/store.js");
  window.came = {};
  onChange((now) => {
    const story = now.server?.story;
    if (story) window.came[story.phase] ??= performance.now();
    if (story?.curve.length) window.came.epoch ??= performance.now();
  });
}"""
SEEN = {
    "beginning": "the training waits for Keras",
    "training": "the training begins",
    "epoch": "its first epoch has ended",
    "measuring": "it has ended",
    "trained": "the model is measured, and on the screen",
}


def train_cold(browser):
    """Seconds from the start of the process to each thing that its user sees, by name; and the accuracy shown."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "rowwise", "studio", "--port", "0", "--no-browser", "--lang", "en"],
        stderr=subprocess.PIPE,
        text=True,
    )
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    seen = {}
    try:
        tab = context.new_page()
        address = next(word for line in process.stderr for word in line.split() if word.startswith("http://"))
        seen["the address is printed"] = opened = time.perf_counter() - begun
        tab.goto(address)
        tab.locator("#data.open").wait_for(timeout=MOST)
        tab.evaluate(FOLLOWED)
        seen["the page stands"] = time.perf_counter() - begun
        tab.locator("#go").click(timeout=MOST)
        seen["its button is pressed"] = time.perf_counter() - begun
        tab.locator(".status", has_text=ACCURACY).wait_for(timeout=MOST)
        came = tab.evaluate("() => window.came")
        seen |= {words: opened + came[name] / 1000 for name, words in SEEN.items()}
        return seen, float(ACCURACY.search(tab.inner_text(".status")).group(1))
    finally:
        context.close()
        process.terminate()
        process.wait(30)
