"""A studio of the digits, and the same once it is trained."""

import pytest
from studio_server import Served

from rowwise.data.source import Source


@pytest.fixture(scope="session")
def served():
    made = Served(Source("digits")).loaded()
    yield made
    made.close()


@pytest.fixture(scope="session")
def trained(served):
    """The same with a network 64 → 12 → 10, trained for four epochs."""
    served.studio.train({"hidden": [12], "epochs": 4, "patience": 4, "seed": 3}, "en")
    assert served.wait("trained", "failed")["phase"] == "trained"
    return served
