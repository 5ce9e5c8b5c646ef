"""Small runs of every kind, each trained when a test first asks for it."""

import numpy as np
import polars as pl

import rowwise

ROWS = 160
SECONDS, SERIAL = 1_700_000_000, 2**53 + 10  # numbers that float32, and float64, cannot tell apart


def rows(seed=0, count=ROWS):
    """A table with every kind of column, missing values, and numbers too long for float32 and for float64."""
    random = np.random.default_rng(seed)
    rm, town = random.normal(6, 1, count), random.choice(["hill", "lake", "모래", "plain, east"], count)
    seen, serial = random.integers(SECONDS, SECONDS + 90_000, count), random.integers(SERIAL, SERIAL + 5_000_000, count)
    smoker, age = random.choice(["yes", "no"], count), random.integers(18, 90, count)
    days = [f"2024-{month:02d}-{day:02d}" for month, day in random.integers((1, 1), (13, 28), (count, 2))]
    lacking = random.random((3, count)) < 0.06
    sign = rm + 2 * (town == "hill") + (smoker == "yes") + (seen - SECONDS) / 5e4
    return pl.DataFrame(
        {
            "town": [None if gone else name for name, gone in zip(town.tolist(), lacking[0], strict=True)],
            "store": [f"s{number:02d}" for number in random.integers(0, 40, count)],
            "RM": [None if gone else number for number, gone in zip(rm.tolist(), lacking[1], strict=True)],
            "seen": seen,
            "serial": serial,
            "day": days,
            "smoker": smoker.tolist(),
            "age": [-999 if gone else number for number, gone in zip(age.tolist(), lacking[2], strict=True)],
            "sign": sign,
        }
    )


TARGETS = {
    "number": lambda s: {"y": 1000 * s},
    "numbers": lambda s: {"y": 10 * s, "z": np.sin(s)},
    "three": lambda s: {"y": np.where(s > 9, "high", np.where(s > 8, "mid", "low"))},
    "two": lambda s: {"y": np.where(s > 8.5, "yes", "no")},
    "count": lambda s: {"y": np.round(np.exp(s / 5)).astype(int)},
    "labels": lambda s: {"a": (s > 8).astype(int), "b": (s > 9).astype(int), "c": (s < 7.5).astype(int)},
    "moment": lambda s: {"y": (SECONDS + 1000 * s).astype(np.int64)},
}
FAST = {"preset": "fast", "hidden": (8,)}
KINDS = {
    "fast": ("number", FAST),
    "default": ("number", {"hidden": (6,), "ensemble": 2}),
    "deep": ("three", {"hidden": (6, 5), "ensemble": 3, "activation": "gelu"}),
    "best": ("number", {"preset": "best", "hidden": (4,)}),
    "log": ("number", {**FAST, "target_scale": "log"}),
    "unscaled": ("number", {**FAST, "target_scale": "none"}),
    "quantiles": ("number", {**FAST, "quantiles": "0.1,0.5,0.9"}),
    "several": ("numbers", FAST),
    "classes": ("three", FAST),
    "ordered": ("three", {**FAST, "ordered": "low,mid,high"}),
    "two": ("two", {**FAST, "hidden": (8, 4)}),
    "decided": ("two", {**FAST, "calibrate": True, "threshold": "f1"}),
    "counts": ("count", {**FAST, "task": "counts"}),
    "labels": ("labels", {**FAST, "task": "multilabel"}),
    "decided_labels": ("labels", {**FAST, "task": "multilabel", "calibrate": True, "threshold": "f1"}),
    "moments": ("moment", FAST),
}

# Those that have between them every operation: for the formats that take seconds to be proved.
SOME = ("default", "deep", "log", "quantiles", "ordered", "decided_labels", "counts", "moments", "digits")


class Runs:
    """Runs by their kind."""

    def __init__(self, folder):
        self.folder, self._known = folder, {}

    def __call__(self, kind):
        if kind not in self._known:
            out = self.folder / kind
            if kind == "digits":
                run = rowwise.train("digits", hidden=(8,), epochs=1, out=out, pictures=False, verbose=0)
            else:
                target, settings = KINDS[kind]
                table = rows()
                table = table.drop("sign").with_columns(**TARGETS[target](table["sign"].to_numpy()))
                file = self.folder / f"{kind}.csv"
                table.write_csv(file)
                names = [name for name in ("y", "z", "a", "b", "c") if name in table.columns]
                run = rowwise.train(
                    file,
                    names,
                    out=out,
                    pictures=False,
                    verbose=0,
                    epochs=2,
                    missing=["-999"],
                    numeric=["serial"],
                    **settings,
                )
            self._known[kind] = rowwise.open(run.path)
        return self._known[kind]
