"""A few drawn models; `python -m tests.replay --models 200` trains more, and says what it compares them with."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
@pytest.mark.parametrize("models", [2, pytest.param(12, marks=pytest.mark.thorough)])
def test_every_engine_trains_to_what_a_replay_batch_by_batch_gives(models):
    command = [sys.executable, "-m", "tests.replay", "--models", str(models)]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "different from a replay: 0" in done.stdout
