"""What only a separate process can show: signals and the environment."""

import importlib.util
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import rowwise
from rowwise.engine import native

TRAIN = [sys.executable, "-m", "rowwise", "train", "garments", "--epochs", "5000", "--quiet", "--out", "run"]


@pytest.mark.slow
def test_a_terminated_run_leaves_nothing_half_written(tmp_path):
    with subprocess.Popen(TRAIN, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as running:
        deadline = time.monotonic() + 600
        while not list(tmp_path.iterdir()) and time.monotonic() < deadline:  # until its hidden folder is there
            time.sleep(0.05)
        assert list(tmp_path.iterdir())
        running.send_signal(signal.SIGTERM)
        _, err = running.communicate(timeout=600)
    assert running.returncode == 143
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


# Each is code that sends a signal amid a callback whose exceptions Python prints and forgets.
SWALLOWING = {
    "a garbage collection": "gc.callbacks.append(lambda *_: send()); gc.collect()",
    "a finalizer": "type('Dying', (), {'__del__': lambda self: send()})()",
    "a weak reference": "kept = type('Dying', (), {})(); w = weakref.ref(kept, lambda _: send()); del kept",
    "a callback of C": "ctypes.CFUNCTYPE(None)(send)()",
}
SCRIPT = """
import ctypes, gc, os, signal, sys, time, weakref
from rowwise.terminal.signals import StopSignals, end_at_once
def send():
    while left:
        os.kill(os.getpid(), left.pop())
def after(*signals):
    left.extend(signals)
    try:
        {code}
        for _ in range(500):
            time.sleep(0.01)
        return "goes on"
    except KeyboardInterrupt as ending:
        return getattr(ending, "exit_code", 130)
end_at_once()
left, told = [], []
print(after(signal.SIGTERM), after(signal.SIGINT), after(signal.SIGHUP))
with StopSignals(lambda: told.append(1)) as stop:
    print(after(signal.SIGTERM), stop.event.is_set())
with StopSignals(lambda: told.append(1)) as stop:
    stop.patient = True
    left.append(signal.SIGINT)
    {code}
    print(stop.event.is_set(), told, after(signal.SIGINT))
"""


@pytest.mark.parametrize("code", SWALLOWING.values(), ids=SWALLOWING)
@pytest.mark.skipif(sys.platform == "win32", reason="the signals are POSIX's")
def test_a_signal_amid_a_callback_neither_is_lost_nor_prints_a_traceback(code):
    done = subprocess.run([sys.executable, "-c", SCRIPT.format(code=code)], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["143 130 129", "143 False", "True [1] 130"]


# Sends itself Ctrl-C when a module is about to be imported.
IMPORTING = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
class Finder:
    def find_spec(name, path, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder)
sys.argv = ["rowwise", "data", "list", "--lang", "en"]
from rowwise.__main__ import main
sys.exit(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the signals are POSIX's")
@pytest.mark.parametrize(
    ("module", "code", "said"),
    [
        ("rowwise.cli", -signal.SIGINT, ""),
        ("rowwise.errors", -signal.SIGINT, ""),
        ("rowwise.commands", 130, "\nrowwise: Interrupted; nothing was saved.\n"),
    ],
)
def test_ctrl_c_amid_an_import_of_the_command_line_prints_no_traceback(module, code, said):
    script = IMPORTING.format(module=module)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (code, said)


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("tensorflow") is not None, reason="TensorFlow is installed here")
def test_another_backend_that_is_not_installed_is_named(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "rowwise", "train", "digits", "--epochs", "1"],
        cwd=tmp_path,
        env={**os.environ, "KERAS_BACKEND": "tensorflow"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, list(tmp_path.iterdir())) == (2, [])
    assert "KERAS_BACKEND is tensorflow" in done.stderr.splitlines()[-1]


def limited(addresses, words, folder):
    """The command where a process may use so many bytes of addresses."""
    script = f"""import os, resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({addresses}, {addresses}))
os.execv(sys.executable, sys.argv[1:])"""
    command = [sys.executable, "-c", script, sys.executable, "-m", "rowwise", *words, "--lang", "en"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.skipif(sys.platform != "linux", reason="addresses are limited as Linux does it")
@pytest.mark.parametrize("words", [["data", "show", "t.csv", "--target", "y"], ["train", "t.csv", "--target", "y"]])
def test_too_small_a_limit_of_addresses_is_said_where_a_library_would_abort(tmp_path, words):
    (tmp_path / "t.csv").write_text("x,y\n" + "1,a\n2,b\n" * 30, "utf-8")
    done = limited(10**9, words, tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "may use 1.0 GB of addresses (ulimit -v), but needs at least" in done.stderr
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="addresses are limited as Linux does it")
@pytest.mark.skipif(not native.instruction_sets(), reason="the native engine was not compiled")
def test_what_needs_no_keras_needs_no_addresses_for_it(tmp_path):
    run = rowwise.train("digits", hidden=(8,), epochs=1, out=tmp_path / "run", pictures=False, verbose=0)
    pictures = run.sets()[1].x[:3]
    np.save(tmp_path / "three.npy", pictures)
    words = ["predict", "run", "three.npy", "--json"]
    done = limited(2 * 10**9, words, tmp_path)
    assert done.returncode == 0, done.stderr
    free = subprocess.run(
        [sys.executable, "-m", "rowwise", *words, "--lang", "en"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == free.stdout
    refused = limited(2 * 10**9, ["export", "run", "--to", "c", "--out", "model.h"], tmp_path)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "may use 2.0 GB of addresses (ulimit -v), but needs at least" in refused.stderr
    assert not (tmp_path / "model.h").exists()
