"""The runs that all tests of exports share."""

import pytest
from sample_runs import Runs


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    return Runs(tmp_path_factory.mktemp("exported"))
