"""The region figures of the BSDS500 benchmark's own five pictures: its tests 4 and 5, whose input are `segs`.

The original writes its sums with six significant digits before it divides them; `printed` does the same, so that
every digit it prints can be asked for. Test 1 (`ucm2`) stands in test_bsds_oracle_hierarchy.py.
"""

import numpy as np
import pytest

from classicseg.io.mat import read_mat
from classicseg.metrics import score_family, summarise

PICTURES = ("2018", "3063", "5096", "6046", "8068")
TESTS = ("test_4", "test_5")  # the same region figures, from a run of all benchmarks and one of the regions alone


@pytest.fixture(scope="module")
def oracle(data_root):
    folder = data_root / "BSDS500_oracle"
    if not folder.is_dir():
        pytest.skip("needs BSDS500_oracle, the five pictures of the BSDS500 benchmark's own test")
    return folder


@pytest.fixture(scope="module")
def families(oracle):
    found = []
    for name in PICTURES:
        truths = [
            each["Segmentation"][0, 0] for each in read_mat(oracle / "groundTruth" / f"{name}.mat", "groundTruth")[0]
        ]
        maps = list(read_mat(oracle / "segs" / f"{name}.mat", "segs")[0])
        found.append(score_family(maps, truths, names=["covering", "rand.probabilistic", "vi"]))
    return found


def figures(oracle, test, name):
    return np.loadtxt(oracle / test / f"eval_{name}.txt", ndmin=2)


def printed(number):
    return float(f"{number:.6g}")


@pytest.mark.parametrize("test", TESTS)
def test_the_covering_of_the_data_set(oracle, families, test):
    scale, ods, ois, best = figures(oracle, test, "cover")[0]
    assert (ods, ois, best) == (0.654023, 0.725074, 0.749811)
    found = summarise(families, "covering", averaging="pooled")
    assert (found.ods_scale, found.family) == (scale, 5)
    assert found.ods == pytest.approx(ods, abs=1e-6)
    assert found.ois == pytest.approx(ois, abs=1e-6)
    assert found.best == pytest.approx(best, abs=1e-6)


@pytest.mark.parametrize("test", TESTS)
def test_the_covering_at_each_scale_and_of_each_picture(oracle, families, test):
    for scale, expected in figures(oracle, test, "cover_th"):
        parts = [family.sums["covering"][int(scale) - 1] for family in families]
        covered = sum(printed(part.numerators[0]) for part in parts)
        assert printed(covered / sum(part.denominators[0] for part in parts)) == expected
    for picture, scale, expected, _ in figures(oracle, test, "cover_img"):
        family = families[int(picture) - 1]
        assert int(np.argmax(family.values["covering"])) + 1 == scale
        part = family.sums["covering"][int(scale) - 1]
        assert printed(printed(part.numerators[0]) / part.denominators[0]) == expected


@pytest.mark.parametrize("test", TESTS)
def test_rand_index_and_variation_of_information_of_the_data_set(oracle, families, test):
    pri_scale, pri_ods, pri_ois, vi_scale, vi_ods, vi_ois = figures(oracle, test, "RI_VOI")[0]
    assert (pri_ods, pri_ois, vi_ods, vi_ois) == (0.826926, 0.898299, 1.36877, 1.11563)
    pri, vi = summarise(families, "rand.probabilistic"), summarise(families, "vi")
    assert (pri.ods_scale, vi.ods_scale) == (pri_scale, vi_scale)
    assert [printed(value) for value in (pri.ods, pri.ois, vi.ods, vi.ois)] == [pri_ods, pri_ois, vi_ods, vi_ois]


@pytest.mark.parametrize("test", TESTS)
def test_rand_index_and_variation_of_information_at_each_scale(oracle, families, test):
    for scale, pri, vi in figures(oracle, test, "RI_VOI_thr"):
        at = int(scale) - 1
        for name, expected in (("rand.probabilistic", pri), ("vi", vi)):
            each = [printed(family.values[name][at]) for family in families]
            assert printed(np.mean(each)) == expected
