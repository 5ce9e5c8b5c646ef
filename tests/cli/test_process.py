"""What only a separate process can show: signals and the environment."""

import importlib.util
import os
import signal
import subprocess
import sys
import time

import pytest

TRAIN = [sys.executable, "-m", "rowwise", "train", "garments", "--epochs", "5000", "--quiet", "--out", "run"]


@pytest.mark.slow
def test_a_terminated_run_leaves_nothing_half_written(tmp_path):
    with subprocess.Popen(TRAIN, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as running:
        deadline = time.monotonic() + 60
        while not list(tmp_path.iterdir()) and time.monotonic() < deadline:  # until its hidden folder is there
            time.sleep(0.05)
        assert list(tmp_path.iterdir())
        running.send_signal(signal.SIGTERM)
        _, err = running.communicate(timeout=60)
    assert running.returncode == 143
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


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
