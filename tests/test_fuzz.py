"""A hundred damaged files of each kind: none ends, hangs or fills the program, or writes to its terminal."""

import os
import sys

import pytest
from tests.fuzz.__main__ import KINDS, PROBLEMS, run


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited and measured as Linux does it")
@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_refused_or_opened(tmp_path, kind):
    counts, wrong, _, _ = run(kind, int(os.environ.get("FUZZ_INPUTS", "100")), 1, tmp_path)
    assert not wrong, "\n".join(wrong)
    assert counts["refused"] > 20
    assert not any(counts[problem] for problem in PROBLEMS)
