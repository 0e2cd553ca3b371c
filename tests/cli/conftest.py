"""What the tests of the command line share."""

from __future__ import annotations

import pytest
from PIL import Image


@pytest.fixture
def picture(tmp_path, small_picture):
    """A PNG of a small picture, called img.png."""
    path = tmp_path / "in" / "img.png"
    path.parent.mkdir()
    Image.fromarray(small_picture).save(path)
    return path
