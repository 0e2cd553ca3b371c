"""The boundary figures that the BSDS500 benchmark's own code gave for five pictures in three formats.

test_1 scored `ucm2` maps, test_2 `png` contours, test_3 and test_4 `segs` (twice: its matching draws random numbers).
Precision, recall and F are held to 0.001, the spread of the original.
"""

import numpy as np
import pytest

from classicseg.io.mat import read_mat
from classicseg.io.read import read_picture
from classicseg.metrics.boundaries import (
    boundary_counts,
    contour_counts,
    count_boundaries,
)
from classicseg.metrics.boundary_maps import boundary_map, contour_thresholds, thin, ucm_contour
from classicseg.metrics.boundary_matching import match_boundaries
from classicseg.metrics.curves import boundary_summary

PICTURES = ("2018", "3063", "5096", "6046", "8068")
CLOSE = 1e-3


@pytest.fixture(scope="module")
def oracle(data_root):
    folder = data_root / "BSDS500_oracle"
    if not folder.is_dir():
        pytest.skip("CLASSICSEG_DATA holds no BSDS500_oracle")
    return folder


@pytest.fixture(scope="module")
def truths(oracle):
    """For each picture its true label maps and its true boundaries, as the files hold them."""
    found = {}
    for name in PICTURES:
        cells = read_mat(oracle / "groundTruth" / f"{name}.mat", "groundTruth").ravel()
        found[name] = (
            [each["Segmentation"][0, 0] for each in cells],
            [each["Boundaries"][0, 0] != 0 for each in cells],
        )
    return found


@pytest.fixture(scope="module")
def summaries(oracle, truths):
    """Each input format's scores."""
    of_ucm, of_png, of_segs = [], [], []
    for name in PICTURES:
        wanted = truths[name][1]
        ucm = ucm_contour(read_mat(oracle / "ucm2" / f"{name}.mat", "ucm2"))
        of_ucm.append(contour_counts(ucm, wanted, contour_thresholds(5)))
        png = read_picture(oracle / "png" / f"{name}.png").array
        of_png.append(contour_counts(png / 255, wanted, contour_thresholds(5)))
        segs = read_mat(oracle / "segs" / f"{name}.mat", "segs").ravel()
        of_segs.append([count_boundaries(thin(boundary_map(labels)), wanted) for labels in segs])
    return {
        "ucm2": boundary_summary(of_ucm, contour_thresholds(5)),
        "png": boundary_summary(of_png, contour_thresholds(5)),
        "segs": boundary_summary(of_segs, np.arange(1, 6)),
    }


inputs = pytest.mark.parametrize(
    ("test", "given"), [("test_1", "ucm2"), ("test_2", "png"), ("test_3", "segs"), ("test_4", "segs")]
)


@inputs
def test_precision_recall_and_f_at_each_threshold(oracle, summaries, test, given):
    level, recall, precision, f = np.loadtxt(oracle / test / "eval_bdry_thr.txt").T
    found = summaries[given]
    assert np.allclose(found.thresholds, level, rtol=0, atol=1e-6)
    assert np.abs(found.recall - recall).max() < CLOSE
    assert np.abs(found.precision - precision).max() < CLOSE
    assert np.abs(found.f - f).max() < CLOSE


@inputs
def test_ods_ois_and_average_precision(oracle, summaries, test, given):
    figures = np.loadtxt(oracle / test / "eval_bdry.txt")
    found = summaries[given]
    ours = [found.ods.threshold, found.ods.recall, found.ods.precision, found.ods.f]
    ours += [found.ois.recall, found.ois.precision, found.ois.f, found.ap]
    assert np.abs(figures - ours).max() < CLOSE


@inputs
def test_best_point_of_each_picture(oracle, summaries, test, given):
    """A single picture has fewer pixels, so the original's random choices weigh more: 0.0015 between its own runs."""
    figures = np.loadtxt(oracle / test / "eval_bdry_img.txt")[:, 1:]
    ours = np.array([[p.threshold, p.recall, p.precision, p.f] for p in summaries[given].images])
    assert np.abs(figures - ours).max() < 2 * CLOSE


def test_stored_boundaries_are_the_thinned_boundary_maps_of_the_stored_segmentations(truths):
    for segmentations, boundaries in truths.values():
        for labels, boundary in zip(segmentations, boundaries, strict=True):
            assert np.array_equal(thin(boundary_map(labels)), boundary)
            assert np.array_equal(thin(boundary), boundary)


def test_counts_of_label_maps_are_those_of_their_boundaries(oracle, truths):
    labels = read_mat(oracle / "segs" / "3063.mat", "segs").ravel()[0]
    segmentations, boundaries = truths["3063"]
    assert boundary_counts(labels, segmentations) == count_boundaries(thin(boundary_map(labels)), boundaries)


def test_contours_of_a_ucm_are_the_boundaries_of_its_segments(oracle):
    """At a threshold, a UCM's contour has the pixels of the boundary map of the segments that it parts."""
    ucm = ucm_contour(read_mat(oracle / "ucm2" / "5096.mat", "ucm2"))
    segs = read_mat(oracle / "segs" / "5096.mat", "segs").ravel()
    for level, labels in zip(contour_thresholds(5), segs, strict=True):
        contour, edge = ucm >= level, boundary_map(labels)
        assert np.array_equal(contour[:-1, :-1], edge[:-1, :-1])  # the last row and column have no corner beyond them


def test_a_truth_matches_itself_in_place(truths):
    for _, boundaries in truths.values():
        for boundary in boundaries[:2]:
            found, wanted = match_boundaries(boundary, boundary)
            assert np.array_equal(found, boundary)
            assert np.array_equal(wanted, boundary)
