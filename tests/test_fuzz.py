"""A hundred damaged files of each kind: none ends, hangs or fills the program, or writes to its terminal."""

import os
import sys

import pytest
from tests.fuzz.__main__ import KINDS, PROBLEMS, run


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited and measured as Linux does it")
@pytest.mark.parametrize("kinds", [KINDS[::2], KINDS[1::2]], ids=",".join)  # a process each, which imports Keras
def test_a_damaged_file_is_refused_or_opened(tmp_path, kinds):
    for kind, found in run(kinds, int(os.environ.get("FUZZ_INPUTS", "100")), 1, tmp_path).items():
        assert not found.wrong, "\n".join(found.wrong)
        assert found.counts["refused"] > 20, kind
        assert found.counts["opened"] + found.counts["refused"] >= 100, kind
        assert not any(found.counts[problem] for problem in PROBLEMS), kind
