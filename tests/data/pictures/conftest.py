"""A folder of pictures that every test may change."""

import pytest
from drawn_pictures import fill


@pytest.fixture
def parts(tmp_path):
    """A folder of 12 pictures of 20x16 in colour, of several kinds, in two classes."""
    return fill(tmp_path / "parts", cog=6, bolt=6)
