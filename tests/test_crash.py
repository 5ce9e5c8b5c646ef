"""Kills of trainings at random moments; `python -m tests.crash --kills 200` does more, and says what it is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows cannot fork")
@pytest.mark.parametrize("kills", [8, pytest.param(40, marks=pytest.mark.thorough)])
def test_what_is_killed_loses_nothing_beyond_a_checkpoint_and_resumes_to_the_bit(kills):
    command = [sys.executable, "-m", "tests.crash", "--kills", str(kills)]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "different from an undisturbed one: 0" in done.stdout
