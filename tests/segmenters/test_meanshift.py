"""Mean shift, against twins that sum over all pixels and fuse by flood fill."""

import numpy as np
import pytest
from reference import meanshift as plain
from reference import meanshift_colors, meanshift_lattice
from reference.absorb import absorb_small
from reference.components import flood_fill_components
from reference.lab import srgb_to_lab

import classicseg
from classicseg import MeanShift, ParameterError
from classicseg.kernels.meanshift_lattice import lattice_for

KERNELS = ["epanechnikov", "gaussian"]
ALONE = {"share": 0, "tol": 1e-3}  # each pixel climbs alone, as the plain twin does


def lab_of(picture):
    """L*a*b* (H, W, 3) of an 8-bit colour picture, L* (H, W, 1) of a grey one, by the formula for one pixel."""
    if picture.ndim == 2:
        planes = [[srgb_to_lab(v / 255, v / 255, v / 255)[:1] for v in row] for row in picture.tolist()]
    else:
        planes = [[srgb_to_lab(*(v / 255 for v in pixel)) for pixel in row] for row in picture.tolist()]
    return np.array(planes, dtype=np.float32)


def picture_of(kind):
    """12 x 12 pixels of 8 bits: a bright square on a dark ground, noise, and a few stray pixels."""
    rng = np.random.default_rng(9)
    shape = (12, 12) if kind == "grey" else (12, 12, 3)
    picture = np.full(shape, 60) + rng.integers(-12, 13, shape)
    picture[3:9, 4:11] += 110 if kind == "grey" else np.array([130, 20, -30])
    picture[10, 2] = picture[1, 8] = 240
    return np.clip(picture, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(
    ("kernel", "kind", "range_bandwidth"),
    [
        pytest.param("epanechnikov", "grey", 4.7, marks=pytest.mark.small),
        pytest.param("epanechnikov", "colour", 13.0, marks=pytest.mark.small),
        ("epanechnikov", "grey", 13.0),
        ("epanechnikov", "colour", 4.7),
        ("gaussian", "grey", 4.7),
        ("gaussian", "grey", 13.0),
        ("gaussian", "colour", 4.7),
        ("gaussian", "colour", 13.0),
    ],
)
def test_equals_the_plain_twin(kernel, kind, range_bandwidth, masked):
    picture = picture_of(kind)
    mask = np.random.default_rng(2).random((12, 12)) > 0.2 * masked
    spatial = 2.3 if kernel == "epanechnikov" else 1.2
    labels = classicseg.segment(
        picture, "meanshift", mask=mask, kernel=kernel, spatial_bandwidth=spatial, range_bandwidth=range_bandwidth,
        min_size=0, max_iter=30, **ALONE,
    )  # fmt: skip
    expected = plain.segments(lab_of(picture), mask, spatial, range_bandwidth, kernel, max_iter=30, tol=1e-3)
    assert 1 < expected.max() < 144
    assert np.array_equal(labels, expected)


@pytest.mark.parametrize(
    ("kind", "masked", "range_bandwidth"),
    [
        pytest.param("grey", True, 4.7, marks=pytest.mark.small),
        pytest.param("colour", True, 13.0, marks=pytest.mark.small),
        ("grey", False, 13.0),
        ("colour", False, 4.7),
    ],
)
def test_climbs_together_equal_their_plain_twin(kind, masked, range_bandwidth):
    picture, rng = picture_of(kind), np.random.default_rng(2)
    mask = rng.random((12, 12)) > 0.2 * masked
    labels = classicseg.segment(
        picture, "meanshift", mask=mask, spatial_bandwidth=2.3, range_bandwidth=range_bandwidth, min_size=0
    )
    planes = np.ascontiguousarray(np.moveaxis(lab_of(picture), -1, 0))
    shift = lattice_for(planes, mask, 2.3, range_bandwidth).shift
    modes, _, _ = meanshift_lattice.climb_together(planes, mask, shift, 2.3, range_bandwidth, 0.35, 100, 0.01)
    expected = plain.fuse(modes, mask, np.inf, range_bandwidth, 0.35)
    assert 1 < expected.max() < 144
    assert np.array_equal(labels, expected)


@pytest.mark.small
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("min_size", [2, 5, 40])
def test_merging_equals_the_plain_twin(masked, min_size):
    picture = picture_of("colour")
    mask = np.random.default_rng(2).random((12, 12)) > 0.2 * masked
    colors = lab_of(picture)
    raw = plain.segments(colors, mask, 2.3, 8.0, "epanechnikov", max_iter=30, tol=1e-3)
    merged = absorb_small(raw, np.moveaxis(colors, -1, 0), mask, min_size)
    labels = classicseg.segment(
        picture, "meanshift", mask=mask, spatial_bandwidth=2.3, range_bandwidth=8.0, min_size=min_size, max_iter=30,
        **ALONE,
    )  # fmt: skip
    assert np.array_equal(labels, flood_fill_components(merged, mask))


@pytest.mark.small
@pytest.mark.parametrize("kernel", KERNELS)
def test_a_flat_picture_is_one_segment(kernel):
    result = classicseg.run(np.full((5, 4), 50, dtype=np.uint8), "meanshift", kernel=kernel, spatial_bandwidth=1.0)
    assert (result.labels == 1).all()
    np.testing.assert_allclose(result.findings["filtered"], srgb_to_lab(50 / 255, 50 / 255, 50 / 255)[0], rtol=1e-6)


@pytest.mark.parametrize("kernel", KERNELS)
def test_noise_is_smoothed_away_and_the_edge_is_kept(kernel):
    rng = np.random.default_rng(0)
    picture = np.where(np.arange(40) < 20, 70, 170) + rng.normal(0, 8, (30, 40))
    result = classicseg.run(
        np.clip(picture, 0, 255).astype(np.uint8),
        "meanshift",
        kernel=kernel,
        spatial_bandwidth=4.0,
        range_bandwidth=14.0,
    )
    assert np.array_equal(result.labels, np.broadcast_to(np.where(np.arange(40) < 20, 1, 2), (30, 40)))


@pytest.mark.small
def test_filtered_colours_are_those_of_the_modes(small_picture):
    result = classicseg.run(
        small_picture, "meanshift", spatial_bandwidth=2.3, range_bandwidth=15.0, min_size=0, **ALONE
    )
    modes, steps, rests = plain.climb(
        lab_of(small_picture), np.ones((12, 14), dtype=bool), 2.3, 15.0, "epanechnikov", 100, 1e-3
    )
    np.testing.assert_allclose(result.findings["filtered"], modes[:, :, 2:], atol=1e-4)
    assert result.findings["iterations"] == pytest.approx(steps.mean())
    assert result.findings["unconverged_share"] == 1 - rests.mean() == 0
    assert result.findings["n_modes"] == result.n_labels


@pytest.mark.small
def test_the_unconverged_share_is_reported(small_picture):
    mask = np.ones((12, 14), dtype=bool)
    mask[:3] = False
    result = classicseg.run(
        small_picture, "meanshift", spatial_bandwidth=2.3, range_bandwidth=15.0, max_iter=2, mask=mask, **ALONE
    )
    _, _, rests = plain.climb(lab_of(small_picture), mask, 2.3, 15.0, "epanechnikov", 2, 1e-3)
    assert 0 < result.findings["unconverged_share"] < 1
    assert result.findings["unconverged_share"] == pytest.approx(1 - rests[mask].mean())


@pytest.mark.small
def test_epanechnikov_waits_for_its_last_step(small_picture):
    result = classicseg.run(
        small_picture, "meanshift", spatial_bandwidth=2.3, range_bandwidth=15.0, tol=0, max_iter=1000
    )
    assert result.findings["unconverged_share"] == 0


@pytest.mark.small
def test_auto_bandwidth_follows_the_spread_of_the_colours():
    def bandwidth(contrast):
        picture = np.broadcast_to(np.array([0.0, contrast]), (6, 8, 2)).reshape(6, 16)
        run = MeanShift(range_bandwidth="auto", spatial_bandwidth=2.0).run
        return run(picture, color="multiband").findings["range_bandwidth"]

    assert bandwidth(0.8) == pytest.approx(2 * bandwidth(0.4))
    assert 0.2 * 40 < bandwidth(0.8) < 40  # the colours' standard deviation is 40
    assert bandwidth(0.001) == 1.0


@pytest.mark.small
def test_segments_apart_share_a_label_when_they_may():
    """Two dark lines of one pixel on a bright ground: their modes lie two pixels apart, in colour they are one."""
    picture = np.full((5, 5), 220, dtype=np.uint8)
    picture[:, [1, 3]] = 30
    apart = classicseg.segment(picture, "meanshift", spatial_bandwidth=8.0, range_bandwidth=10.0, min_size=0)
    assert apart[0].tolist() == [1, 2, 3, 4, 5]
    joined = classicseg.segment(
        picture, "meanshift", spatial_bandwidth=8.0, range_bandwidth=10.0, min_size=0, connected=False
    )
    assert joined[0].tolist() == [1, 2, 1, 2, 1]


@pytest.mark.small
def test_segments_apart_by_more_than_a_bandwidth_do_not():
    picture = np.full((4, 15), 220, dtype=np.uint8)
    picture[:, [1, 13]] = 30
    joined = classicseg.segment(
        picture, "meanshift", spatial_bandwidth=3.0, range_bandwidth=10.0, min_size=0, connected=False
    )
    assert joined[0, 1] != joined[0, 13]


@pytest.mark.small
def test_progress_reaches_one(small_picture):
    shares = []
    classicseg.segment(small_picture, "meanshift", spatial_bandwidth=2.0, progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_a_photograph_has_segments_of_at_least_the_least_size(photograph):
    result = classicseg.run(photograph, "meanshift", min_size=20)
    sizes = np.bincount(result.labels.ravel())[1:]
    assert sizes.min() >= 20
    assert 2 < result.n_labels < 400
    assert result.findings["unconverged_share"] < 0.01


@pytest.mark.small
@pytest.mark.parametrize("masked", [False, True])
def test_colours_alone_are_classes_that_connection_parts(small_picture, masked):
    mask = np.random.default_rng(2).random((12, 14)) > 0.2 * masked
    result = classicseg.run(
        small_picture, "meanshift", mask=mask, spatial_bandwidth=None, min_size=0, connected=False, tol=1e-3
    )
    colors = lab_of(small_picture)
    modes = meanshift_colors.modes(colors[mask].astype(np.float64), 10.0, 100, 1e-3)
    assert result.n_labels == result.findings["n_modes"] == len(modes) > 2
    nearest = np.zeros((12, 14), dtype=int)
    nearest[mask] = ((colors[mask][:, None] - modes) ** 2).sum(axis=2).argmin(axis=1)
    np.testing.assert_allclose(result.findings["filtered"][mask], modes[nearest[mask]], atol=1e-4)
    assert len({*zip(result.labels[mask], nearest[mask], strict=True)}) == len(modes)
    parts = classicseg.segment(small_picture, "meanshift", mask=mask, spatial_bandwidth=None, min_size=0, tol=1e-3)
    assert np.array_equal(parts, flood_fill_components(result.labels, mask))


@pytest.mark.small
def test_colours_alone_have_no_gaussian():
    with pytest.raises(ParameterError, match=r"kernel='gaussian' with spatial_bandwidth=None.*Give a spatial"):
        MeanShift(spatial_bandwidth=None, kernel="gaussian")


@pytest.mark.small
@pytest.mark.parametrize("bands", [4, 6])
def test_many_bands_climb_alone(bands):
    picture = np.random.default_rng(1).random((9, 9, bands))
    together = classicseg.segment(picture, "meanshift", color="multiband", spatial_bandwidth=2.0)
    alone = classicseg.segment(picture, "meanshift", color="multiband", spatial_bandwidth=2.0, share=0)
    assert np.array_equal(together, alone)


def test_sharing_changes_little_on_a_photograph(photograph):
    from classicseg.metrics import score

    together = classicseg.segment(photograph, "meanshift")
    alone = classicseg.segment(photograph, "meanshift", share=0)
    assert score(together, alone, "rand.adjusted", kind="instances") > 0.8


@pytest.mark.small
@pytest.mark.parametrize("depth", [5, 80])
def test_colours_alone_climb_in_many_bands(depth):
    """No colour lies within a bandwidth of the centre of its cube, and an array has at most 64 axes."""
    picture = np.random.default_rng(0).integers(0, 256, (3, 4, depth)).astype(np.uint8)
    result = MeanShift(spatial_bandwidth=None, range_bandwidth=0.5, min_size=0).run(picture, color="multiband")
    assert result.findings["n_modes"] == len(np.unique(result.labels)) == 12


@pytest.mark.parametrize("inside", ["odd rows", "odd columns", "one row"])
def test_gaussian_climbs_under_a_mask_between_the_samples(inside):
    mask = np.zeros((32, 36), dtype=bool)
    mask[{"odd rows": np.s_[1::2], "odd columns": np.s_[:, 1::2], "one row": np.s_[7]}[inside]] = True
    picture = np.repeat([60, 200], 18) + np.random.default_rng(0).integers(-4, 5, (32, 36))
    result = MeanShift(kernel="gaussian", min_size=0).run(picture.astype(np.uint8), mask=mask)
    assert (result.findings["filtered"][mask].std(axis=0) > 10).all()
    for half in (np.s_[:, :18], np.s_[:, 18:]):
        assert np.ptp(result.findings["filtered"][half][mask[half]]) < 1.5


@pytest.mark.parametrize("shape", [(3, 300), (300, 3)])
def test_a_thin_picture_has_three_gaussian_modes(shape):
    tones = np.repeat([40, 120, 210], 100)
    tones = np.broadcast_to(tones if shape[1] == 300 else tones[:, np.newaxis], shape)
    picture = np.clip(tones + np.random.default_rng(0).normal(0, 12, shape), 0, 255).astype(np.uint8)
    result = MeanShift(kernel="gaussian", min_size=0).run(picture)
    assert result.findings["n_modes"] == 3
