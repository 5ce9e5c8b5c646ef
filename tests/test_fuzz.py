"""Damaged files of each kind: none ends, hangs or fills the program, or writes to its terminal.

The suite tries the first of them, `make thorough` five times as many, `python -m tests.fuzz` any number.
"""

import sys

import pytest
from tests.fuzz.__main__ import KINDS, PROBLEMS, run


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited and measured as Linux does it")
@pytest.mark.parametrize("inputs", [20, pytest.param(100, marks=pytest.mark.thorough)])
def test_a_damaged_file_is_refused_or_opened(tmp_path, inputs):
    for kind, found in run(KINDS, inputs, 1, tmp_path).items():  # one process, which imports Keras
        assert not found.wrong, "\n".join(found.wrong)
        assert found.counts["refused"] > inputs / 5, kind
        assert found.counts["opened"] + found.counts["refused"] >= inputs, kind
        assert not any(found.counts[problem] for problem in PROBLEMS), kind
