"""`python -m tests.crash --kills 200`: trainings killed at random moments → a table of what was lost, if anything was.

Each training writes a checkpoint after every epoch and is killed, resumed, killed again, until it has ended; then it is
compared with an undisturbed one: weights, optimizer, epochs, measures, bit by bit. Lost is an epoch that was
reported as done and is not kept; half-written is a folder that is neither a run nor one to go on from. Some trainings
are of a table: they keep the best epoch besides, and go on with other networks, or with a new one on all records.

A victim is forked from this process, which has imported everything and started nothing: seconds are saved for each.
XLA compiles for the undisturbed training only; victims find in a folder what it compiled.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
import zipfile
from collections import Counter
from contextlib import suppress
from pathlib import Path

SIGNALS = {"SIGKILL": 0.55, "SIGTERM": 0.15, "SIGINT": 0.15, "SIGHUP": 0.15}
TWICE = 0.3  # of the signals that can be caught are followed by another
KINDS = {"native": 0.4, "keras": 0.1, "whole_epoch": 0.1, "table": 0.2, "refit": 0.2}
EARLY = 0.3  # of the kills come at any moment, starting included
EPOCHS = 12
RECORDS = 2000  # of the table
EVERY = ["--hidden", "16", "--dropout", "0.2", "--epochs", str(EPOCHS), "--lang", "en"]
DIGITS = ["digits"]
TABLE = ["--target", "y", "--preset", "fast", "--learning-rate", "0.02", "--patience", "3"]
REFIT = "Training a new model"  # how the line begins after which epochs are those of the second model
COLUMNS = ("kills", "nothing yet", "unfinished", "saved", "lost", "half-written", "traceback")


class Victim:
    """`rowwise …` in a forked process, its words in a file."""

    def __init__(self, arguments: list[str], words: Path, compiles: bool = False) -> None:
        self.words, self.compiles = words, compiles
        words.unlink(missing_ok=True)  # those of the one before, which this one may be killed too soon to take away
        self.begun = time.monotonic()
        self.process = os.fork()
        if not self.process:
            self._run(arguments)

    def _run(self, arguments: list[str]) -> None:
        os.setsid()
        file = os.open(self.words, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, 1)
        os.dup2(file, 2)
        sys.argv = ["rowwise", *arguments]
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # as `rowwise.__main__` does first of all
        code = 1
        try:
            import jax

            from rowwise.__main__ import main

            if self.compiles:  # nobody else writes there, least of all one who is killed amid it
                jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)

            code = main()
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def ended(self, seconds: float) -> int | None:
        """The exit code within so many seconds, or minus the signal's number; None where it is still running."""
        until = time.monotonic() + seconds
        while True:
            done, status = os.waitpid(self.process, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() >= until:
                return None
            time.sleep(0.002)

    def said(self) -> str:
        try:
            return self.words.read_text("utf-8", errors="replace")
        except FileNotFoundError:  # killed before it could say anything
            return ""

    def epochs(self) -> tuple[list[int], list[int]]:
        """The epochs that it has reported, and those of the model on all records."""
        first, _, second = self.said().partition(REFIT)
        return reported(first), reported(second)


def reported(said: str) -> list[int]:
    return [int(epoch) for epoch in re.findall(r"^ *(\d+)/\d+ ", said, re.M)]


class Campaign:
    """Kills until there were enough, and what came of them."""

    def __init__(self, place: Path, kills: int, seed: int) -> None:
        self.place, self.kills, self.random = place, kills, random.Random(seed)
        self.table: dict[str, Counter[str]] = {name: Counter() for name in SIGNALS}
        self.faults: list[str] = []
        self.ended = self.different = 0
        self._undisturbed: dict[str, tuple[Path, float]] = {}

    def run(self) -> None:
        number = 0
        while sum(row["kills"] for row in self.table.values()) < self.kills:
            number += 1
            (kind,) = self.random.choices(list(KINDS), KINDS.values())
            self._life(self.place / str(number), kind)

    def training(self, kind: str) -> list[str]:
        """The arguments of a training of that kind."""
        if kind not in ("table", "refit"):
            return ["train", *DIGITS, *EVERY]
        more = ["--refit"] if kind == "refit" else ["--ensemble", "3"]
        return ["train", str(table(self.place)), *TABLE, *more, *EVERY]

    def undisturbed(self, kind: str) -> tuple[Path, float]:
        """The run that was not killed, and the seconds it took."""
        if kind not in self._undisturbed:
            out = self.place / f"undisturbed-{kind}"
            arguments = [*self.training(kind), *engine(kind), "--no-pictures", "--out", str(out)]
            victim = Victim(arguments, self.place / "words", compiles=True)
            if victim.ended(600) != 0:
                raise SystemExit(victim.said())
            self._undisturbed[kind] = out, time.monotonic() - victim.begun
        return self._undisturbed[kind]

    def _life(self, place: Path, kind: str) -> None:
        """One training, from its start to its end, with kills between; its runs lie in `place`."""
        model, seconds = self.undisturbed(kind)
        place.mkdir()
        options = engine(kind) + ([] if self.random.random() < 0.1 else ["--no-pictures"])
        run, step = place / "0", 0
        arguments = [*self.training(kind), *options, "--out", str(run)]
        while True:
            victim = Victim(arguments, self.place / "words")
            enough = sum(row["kills"] for row in self.table.values()) >= self.kills
            code = victim.ended(600) if enough else self._wait(victim, seconds)
            if code is None and not enough:
                code = self._kill(victim, run)
            elif code not in (0, 128 + signal.SIGINT):
                self.faults.append(f"{run}: ended with {code}: {victim.said()}")
            state = self.state(run)
            if state == "saved" and not self._interrupted(run):
                break
            if state == "saved":  # by a signal: it continues in a new folder
                step += 1
                arguments = ["train", "--resume", str(run), *options, "--lang", "en"]
                run = place / str(step)
                arguments += ["--out", str(run)]
            elif state == "unfinished":
                arguments = ["train", "--resume", str(run), *options, "--lang", "en"]
            elif state == "half-written" or len(self.faults) > 20:
                return
        self.ended += 1
        if not same(model, run):
            self.different += 1
            self.faults.append(f"{run}: differs from {model}")
        elif code == 0 and (left := [path.name for path in run.iterdir() if path.suffix == ".lock"]):
            self.faults.append(f"{run}: {left} are left")
        shutil.rmtree(place)

    def _wait(self, victim: Victim, seconds: float) -> int | None:
        """Until any moment; or one after some epochs, since most of the time goes by in starting."""
        if self.random.random() < EARLY:
            return victim.ended(self.random.uniform(0, 1.1 * seconds))
        epochs = self.random.randint(1, 4)
        while sum(map(len, victim.epochs())) < epochs:
            if (code := victim.ended(0.002)) is not None:
                return code
        return victim.ended(self.random.uniform(0, 0.1 * seconds))

    def _kill(self, victim: Victim, run: Path) -> int | None:
        (name,) = self.random.choices(list(SIGNALS), SIGNALS.values())
        number, row = getattr(signal, name), self.table[name]
        os.kill(victim.process, number)
        if name != "SIGKILL" and self.random.random() < TWICE:
            time.sleep(self.random.uniform(0, 0.5))
            if (code := victim.ended(0)) is None:
                os.kill(victim.process, number)
            else:
                return self._count(row, victim, run, code, number)
        code = victim.ended(120)
        if code is None:
            self.faults.append(f"{run}: does not end after {name}: {victim.said()}")
            os.kill(victim.process, signal.SIGKILL)
            code = victim.ended(60)
        return self._count(row, victim, run, code, number)

    def _count(self, row: Counter[str], victim: Victim, run: Path, code: int | None, number: int) -> int | None:
        row["kills"] += 1
        said, state = victim.said(), self.state(run)
        row[state] += 1
        if code not in (0, -number, 128 + number):
            self.faults.append(f"{run}: ended with {code} after signal {number}: {said}")
        if "Traceback" in said or "Unexpected error" in said:
            row["traceback"] += 1
            self.faults.append(f"{run}: {said}")
        told = tuple(max(epochs, default=0) for epochs in victim.epochs())
        kept = self._epochs(run)
        if kept[0] < told[0] or kept[1] < told[1]:
            row["lost"] += 1
            self.faults.append(f"{run}: {told} epochs were told, {kept} are kept")
        if state == "half-written":
            self.faults.append(f"{run}: half-written: {sorted(path.name for path in run.iterdir())}")
        return code

    def state(self, run: Path) -> str:
        """What a folder is, as the next command sees it, once what its record names was read whole."""
        from rowwise.errors import ModelError
        from rowwise.runs.record import RECORD, UNFINISHED, RunRecord

        name = next((name for name in (RECORD, UNFINISHED) if (run / name).exists()), None)
        if name is None:
            beside = [path.name for path in run.iterdir()] if run.exists() else []
            left = [name for name in beside if not name.startswith((".rowwise-", "rowwise.lock", "checkpoint-"))]
            return "half-written" if left else "nothing yet"
        try:
            record = RunRecord.read(run, name)
            saved = "model.keras" if name == RECORD else record.checkpoint
            for file in {record.checkpoint or "model.keras", saved, record.best_checkpoint or saved}:
                with zipfile.ZipFile(run / file) as archive:
                    if archive.testzip():
                        return "half-written"
        except (ModelError, OSError, zipfile.BadZipFile):
            return "half-written"
        return "saved" if name == RECORD else "unfinished"

    def _interrupted(self, run: Path) -> bool:
        from rowwise.runs.record import RunRecord

        record = RunRecord.read(run)
        stopped = len(record.epochs) < EPOCHS and not record.stopped_early
        return stopped or record.lacks_members or record.lacks_refit

    def _epochs(self, run: Path) -> tuple[int, int]:
        from rowwise.runs.record import RECORD, UNFINISHED, RunRecord

        for name in (RECORD, UNFINISHED):
            if (run / name).exists():
                record = RunRecord.read(run, name)
                return len(record.epochs), len(record.refit)
        return 0, 0

    def report(self) -> str:
        lines = [f"{'signal':<10}" + "".join(f"{column:>14}" for column in COLUMNS)]
        rows = {**self.table, "all": sum(self.table.values(), Counter())}
        lines += [f"{name:<10}" + "".join(f"{row[column]:>14}" for column in COLUMNS) for name, row in rows.items()]
        lines.append(f"trainings that ended: {self.ended}; different from an undisturbed one: {self.different}")
        return "\n".join([*lines, *self.faults])


def engine(kind: str) -> list[str]:
    return ["--engine", kind if kind in ("keras", "whole_epoch") else "native"]


def table(place: Path) -> Path:
    """A table whose validation loss stops falling before the last epoch."""
    path = place / "table.csv"
    if not path.exists():
        chance = random.Random(0)
        rows = [[chance.gauss(0, 1) for _ in range(6)] for _ in range(RECORDS)]
        lines = [f"{','.join(f'{x:.4f}' for x in row)},{int(sum(row) + chance.gauss(0, 2) > 0)}" for row in rows]
        path.write_text("\n".join(["a,b,c,d,e,f,y", *lines]) + "\n", "ascii")
    return path


def same(one: Path, other: Path) -> bool:
    """Whether two runs have the same weights, optimizer, epochs and measures: the same bytes, but for the seconds."""
    import h5py

    def content(folder: Path) -> list[object]:
        from rowwise.runs.record import RunRecord

        record = RunRecord.read(folder)
        epochs = [(epoch.number, epoch.figures) for epoch in (*record.epochs, *record.refit)]
        parts: list[object] = [epochs, record.best_epoch, record.members, record.test]

        def add(name: str, item: object) -> None:
            if isinstance(item, h5py.Dataset):
                parts.append((name, item.dtype.str, item[()].tobytes()))

        with (
            zipfile.ZipFile(folder / "model.keras") as archive,
            archive.open("model.weights.h5") as weights,
            h5py.File(weights, "r") as file,
        ):
            file.visititems(add)
        return parts

    return content(one) == content(other)


def import_everything(compiled: Path) -> None:
    """What a victim needs. JAX is imported, not started: its threads would not be forked."""
    os.environ.setdefault("KERAS_BACKEND", "jax")
    os.environ["JAX_COMPILATION_CACHE_DIR"] = str(compiled)
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "1e9"
    os.environ["ROWWISE_CHECKPOINT_SECONDS"] = "0"
    import polars  # noqa: F401
    import sklearn.datasets  # noqa: F401

    import rowwise.commands.train
    import rowwise.data.named.digits
    import rowwise.data.tables.load
    import rowwise.engine
    import rowwise.measure
    import rowwise.models.preparation  # noqa: F401

    gc.collect()
    gc.freeze()  # a collection in a victim would copy all that it shares with this process


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__, allow_abbrev=False)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rowwise-crash-") as folder:
        import_everything(Path(folder, "compiled"))
        begun = time.monotonic()
        campaign = Campaign(Path(folder), given.kills, given.seed)
        with suppress(KeyboardInterrupt):
            campaign.run()
    print(campaign.report())
    print(f"seed {given.seed}, {time.monotonic() - begun:.0f} seconds")
    return 1 if campaign.faults else 0


if __name__ == "__main__":
    sys.exit(main())
