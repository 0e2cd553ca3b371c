"""The region figures that the BSDS benchmark's own code gave for its five contour maps (its `test_1`, ucm2)."""

import numpy as np
import pytest
import scipy.io
from scipy.ndimage import label

from classicseg.io.ucm import read_ucm2
from classicseg.metrics import summarise
from classicseg.metrics.cuts import score_hierarchy

THRESHOLDS = np.linspace(1 / 6, 1 - 1 / 6, 5)  # nthresh = 5
PRINTED = {"rel": 1e-5, "abs": 0}
PICTURES = ("2018", "3063", "5096", "6046", "8068")


@pytest.fixture(scope="module")
def oracle(data_root):
    folder = data_root / "BSDS500_oracle"
    if not folder.is_dir():
        pytest.skip("CLASSICSEG_DATA holds no BSDS500_oracle")
    return folder


@pytest.fixture(scope="module")
def families(oracle):
    return [
        score_hierarchy(read_ucm2(oracle / "ucm2" / f"{name}.mat"), truths_of(oracle, name), thresholds=THRESHOLDS)
        for name in PICTURES
    ]


def truths_of(oracle, name):
    cell = scipy.io.loadmat(oracle / "groundTruth" / f"{name}.mat")["groundTruth"]
    return [each["Segmentation"][0, 0] for each in cell[0]]


def figures(oracle, name):
    return np.loadtxt(oracle / "test_1" / f"{name}.txt", ndmin=2)


def test_cuts_have_the_benchmark_s_regions(oracle):
    for name in PICTURES:
        path = oracle / "ucm2" / f"{name}.mat"
        ucm2, hierarchy = scipy.io.loadmat(path)["ucm2"], read_ucm2(path)
        some = hierarchy.thresholds()[:: len(hierarchy.thresholds()) // 4]
        for threshold in [0, *THRESHOLDS, *some, *(some - 1e-12)]:
            found = hierarchy.cut(threshold=threshold)
            expected = label(ucm2 <= threshold, np.ones((3, 3)))[0][1::2, 1::2]
            pairs = np.unique(found.astype(np.int64) * (expected.max() + 1) + expected)
            assert expected.min() > 0
            assert len(pairs) == found.max() == len(np.unique(expected))


def test_segments_are_those_of_the_stored_segmentations(oracle, families):
    for name, family in zip(PICTURES, families, strict=True):
        stored = scipy.io.loadmat(oracle / "segs" / f"{name}.mat")["segs"][0]
        assert family.segments.tolist() == [int(each.max()) for each in stored]


def test_covering_of_each_threshold_pooled_over_truths(oracle, families):
    for threshold, value in figures(oracle, "eval_cover_th"):
        scale = THRESHOLDS[np.argmin(abs(THRESHOLDS - threshold))]
        assert summarise(families, "covering", averaging="pooled", scale=scale).at_scale == pytest.approx(
            value, **PRINTED
        )


def test_covering_of_the_data_set(oracle, families):
    scale, ods, ois, best = figures(oracle, "eval_cover")[0]
    assert [ods, ois, best] == [0.654023, 0.725074, 0.749811]
    found = summarise(families, "covering", averaging="pooled")
    assert found.ods == pytest.approx(ods, **PRINTED)
    assert found.ods_scale == pytest.approx(scale, **PRINTED)
    assert found.ois == pytest.approx(ois, **PRINTED)
    assert found.best == pytest.approx(best, **PRINTED)


def test_covering_of_each_picture_at_its_own_threshold(oracle, families):
    for (_, threshold, value, _), family in zip(figures(oracle, "eval_cover_img"), families, strict=True):
        covering = family.values["covering"]
        assert covering.max() == pytest.approx(value, **PRINTED)
        assert family.scales[covering.argmax()] == pytest.approx(threshold, **PRINTED)


def test_rand_index_and_variation_of_information(oracle, families):
    for row, threshold in zip(figures(oracle, "eval_RI_VOI_thr"), THRESHOLDS, strict=True):
        assert row[0] == pytest.approx(threshold, **PRINTED)
        for name, value in zip(("rand.probabilistic", "vi"), row[1:], strict=True):
            assert summarise(families, name, scale=threshold).at_scale == pytest.approx(value, **PRINTED)
    printed = figures(oracle, "eval_RI_VOI")[0]
    assert [*printed[1:3], *printed[4:]] == [0.826926, 0.898299, 1.36877, 1.11563]
    for name, (scale, ods, ois) in {"rand.probabilistic": printed[:3], "vi": printed[3:]}.items():
        found = summarise(families, name)
        assert found.ods == pytest.approx(ods, **PRINTED)
        assert found.ods_scale == pytest.approx(scale, **PRINTED)
        assert found.ois == pytest.approx(ois, **PRINTED)
