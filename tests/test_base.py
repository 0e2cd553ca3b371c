"""The road that every method takes, with methods of the tests' own."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from classicseg.base import PerClass, Segmenter


@dataclass(frozen=True, kw_only=True)
class Levels(Segmenter):
    """Gives its classes the numbers of `names`: the darkest level the first, and so on."""

    name: ClassVar[str] = "levels"
    makes: ClassVar[str] = "classes"

    names: tuple[int, ...] = ()

    def __post_init__(self):
        pass

    def _segment(self, image, context):
        ranks = np.unique(image.levels, return_inverse=True)[1]
        rows = np.arange(max(self.names) + 1) if max(self.names) < 10_000 else np.zeros(0)
        findings = {"row": PerClass(rows)} if len(rows) else {}
        return np.array(self.names)[ranks].reshape(image.shape), findings


PICTURE = np.array([[9, 9, 200], [9, 90, 200]], dtype=np.uint8)


@pytest.mark.small
@pytest.mark.parametrize("greatest", [5, 4000, 2**31 - 2, 2**31 - 1, 2**40, 2**63 - 1])
def test_classes_may_have_any_numbers(greatest):
    """Without a table as long as the largest number, which for those of 31 bits would be 40 GB."""
    for names in ((greatest, 0, 3), (0, 3, greatest)):
        assert Levels(names=names).segment(PICTURE).tolist() == [[1, 1, 3], [1, 2, 3]]
        assert Levels(names=names, connected=True).segment(PICTURE).tolist() == [[1, 1, 2], [1, 3, 2]]
        assert Levels(names=names, min_size=2).segment(PICTURE).tolist() == [[1, 1, 2], [1, 1, 2]]
        mask = PICTURE != 90
        assert Levels(names=names).segment(PICTURE, mask=mask).tolist() == [[1, 1, 2], [1, 0, 2]]


@pytest.mark.small
@pytest.mark.parametrize("greatest", [5, 4000])
def test_findings_of_classes_follow_their_numbers(greatest):
    assert Levels(names=(greatest, 0, 3)).run(PICTURE).findings["row"].tolist() == [greatest, 0, 3]
