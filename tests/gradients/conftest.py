"""What the tests of boundary cues share."""

import numpy as np
import pytest

from classicseg.color import convert


@pytest.fixture(scope="session")
def photograph_lab(photograph: np.ndarray) -> np.ndarray:
    """The photograph in L*a*b*, as planes."""
    return convert(np.ascontiguousarray(photograph.transpose(2, 0, 1), dtype=np.float32) / np.float32(255), "lab")
