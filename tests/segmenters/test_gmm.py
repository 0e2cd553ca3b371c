"""Gaussian mixtures, against scikit-learn from the same start."""

import numpy as np
import pytest
from reference import gmm as plain

import classicseg
from classicseg import GaussianMixture
from classicseg.image import as_image
from classicseg.kernels.gmm import weighted_samples

KINDS = ["full", "tied", "diag", "spherical"]


def colors_of(picture):
    image = as_image(picture)
    return image.samples(image.in_space("lab")).astype(np.float64)


def start_of(segmenter, picture, count):
    """Where EM starts from: the mixture of the clusters of k-means."""
    blocks, _ = segmenter._distinct_colors(as_image(picture), 1)
    return segmenter._start(blocks, weighted_samples(blocks.planes, blocks.weights), count, 1)


def precisions(kind, covariances):
    inverse = np.linalg.inv(covariances)
    diagonal = np.diagonal(inverse, axis1=1, axis2=2)
    return {"full": inverse, "tied": inverse[0], "diag": diagonal, "spherical": diagonal[:, 0]}[kind]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [3, 5])
def test_log_likelihood_of_scikit_learn_from_the_same_start(photograph, kind, count):
    from sklearn.mixture import GaussianMixture as Theirs

    samples = colors_of(photograph)
    start = start_of(GaussianMixture(covariance_type=kind), photograph, count)
    theirs = Theirs(
        count, covariance_type=kind, reg_covar=1e-2, tol=1e-4, max_iter=1000, weights_init=start.weights,
        means_init=start.means, precisions_init=precisions(kind, start.covariances),
    ).fit(samples)  # fmt: skip
    result = classicseg.run(photograph, "gmm", n_components=count, covariance_type=kind, tol=1e-4, max_iter=1000)
    assert result.findings["converged"]
    assert result.findings["log_likelihood"] == pytest.approx(theirs.score(samples), abs=1e-3)
    assert np.mean(same_numbers(theirs.predict(samples), samples) == result.labels.ravel()) > 0.99


@pytest.mark.parametrize("kind", KINDS)
def test_equal_to_plain_steps_over_all_pixels(kind):
    """Distinct colours with their counts, against the twin on every pixel of a picture that repeats its colours."""
    rng = np.random.default_rng(12)
    picture = rng.integers(0, 6, (20, 25, 3), dtype=np.uint8) * 40
    pixels = colors_of(picture)
    segmenter = GaussianMixture(n_components=3, covariance_type=kind, max_iter=2, tol=0)
    mixture = start_of(segmenter, picture, 3)
    for _ in range(2):
        mixture = plain.em_step(pixels, *mixture, kind, segmenter.reg_covar)
    findings = segmenter.run(picture).findings
    assert findings["iterations"] == 2
    assert findings["log_likelihood"] == pytest.approx(plain.log_likelihood(pixels, *mixture), rel=1e-9)
    np.testing.assert_allclose(np.sort(findings["weights"]), np.sort(mixture[0]), rtol=1e-7)


@pytest.mark.small
@pytest.mark.parametrize("color", ["rgb", "multiband"])
def test_posteriors_of_bands_and_colours_sum_to_one(color):
    rng = np.random.default_rng(13)
    picture = rng.random((6, 8, 3 if color == "rgb" else 6))
    shares = classicseg.run(picture, "gmm", color=color).findings["posteriors"]
    np.testing.assert_allclose(shares.sum(axis=0), 1, atol=1e-5)


def test_what_sums_lack_is_what_components_without_a_pixel_hold():
    """Narrow and wide noise about one level: of five components one is nobody's most probable one."""
    rng = np.random.default_rng(217)
    spread = rng.choice([0.003, 0.02, 0.1], (10, 12))
    picture = np.clip(0.5 + spread * rng.standard_normal((10, 12)), 0, 1)
    segmenter = GaussianMixture(n_components=5, space="rgb", reg_covar=1e-4, max_iter=300, tol=1e-6)
    result = segmenter.run(picture)
    assert (result.findings["n_components"], result.n_labels) == (5, 4)

    blocks, _ = segmenter._distinct_colors(as_image(picture), 1)
    samples = weighted_samples(blocks.planes, blocks.weights)
    mixture = segmenter._fit(blocks, samples, 5, 1).mixture
    kept = np.isin(mixture.weights, result.findings["weights"])
    assert kept.sum() == 4
    assert result.findings["weights"].sum() == pytest.approx(1 - mixture.weights[~kept].sum(), rel=1e-12)
    values = as_image(picture).samples(as_image(picture).in_space("rgb")).astype(np.float64)
    shares = plain.densities(values, *mixture)
    shares /= shares.sum(axis=1, keepdims=True)
    sums = result.findings["posteriors"].sum(axis=0).ravel()
    np.testing.assert_allclose(sums, shares[:, kept].sum(axis=1), atol=1e-5)
    assert sums.min() < 0.9


def same_numbers(classes, samples):
    """Classes renumbered from 1 by rising mean lightness."""
    order = np.argsort([samples[classes == k, 0].mean() for k in range(classes.max() + 1)])
    return 1 + np.argsort(order)[classes]


@pytest.mark.small
@pytest.mark.parametrize("kind", KINDS)
def test_the_start_is_that_of_the_clusters(small_picture, kind):
    """Four flat parts, so that k-means' clusters are known: their shares, means and (full) covariances."""
    samples = colors_of(small_picture)
    start = start_of(GaussianMixture(covariance_type=kind), small_picture, 4)
    part = np.repeat([[0, 1], [2, 3]], 6, axis=0).repeat(7, axis=1).ravel()
    order = [int(np.argmin(np.linalg.norm(start.means - samples[part == k].mean(axis=0), axis=1))) for k in range(4)]
    np.testing.assert_allclose(start.weights, 0.25)
    own = np.array([np.cov(samples[part == k].T, bias=True) for k in range(4)])
    expected = {
        "full": own,
        "tied": [own.mean(axis=0)] * 4,
        "diag": [np.diag(np.diag(matrix)) for matrix in own],
        "spherical": [np.eye(3) * np.trace(matrix) / 3 for matrix in own],
    }[kind]
    np.testing.assert_allclose(start.covariances[order], expected + 1e-2 * np.eye(3), rtol=1e-6, atol=1e-6)


@pytest.mark.small
@pytest.mark.parametrize("masked", [False, True])
def test_posteriors_tell_the_labels(small_picture, masked):
    mask = np.random.default_rng(0).random(small_picture.shape[:2]) > 0.3 * masked
    result = classicseg.run(small_picture, "gmm", n_components=4, mask=mask)
    shares = result.findings["posteriors"]
    assert shares.shape == (result.n_labels, 12, 14)
    np.testing.assert_allclose(shares[:, mask].sum(axis=0), 1, atol=1e-5)
    assert not shares[:, ~mask].any()
    assert np.array_equal(shares.argmax(axis=0)[mask] + 1, result.labels[mask])


@pytest.mark.small
def test_findings_belong_to_the_labels(small_picture):
    """Soft assignment on flat parts is hard: weights and means are those of the classes, from dark to bright."""
    result = classicseg.run(small_picture, "gmm", n_components=4)
    colors = as_image(small_picture).in_space("lab")
    for k in range(4):
        own = result.labels == k + 1
        np.testing.assert_allclose(result.findings["weights"][k], own.mean(), atol=1e-6)
        np.testing.assert_allclose(result.findings["means"][k], colors[:, own].mean(axis=1), atol=1e-3)
        np.testing.assert_allclose(
            result.findings["covariances"][k],
            np.cov(colors[:, own].astype(float), bias=True) + 1e-2 * np.eye(3),
            atol=1e-2,
        )
    assert (np.diff(result.findings["means"][:, 0]) > 0).all()
    samples = colors_of(small_picture)
    expected = plain.log_likelihood(samples, *(result.findings[name] for name in ("weights", "means", "covariances")))
    assert result.findings["log_likelihood"] == pytest.approx(expected, abs=1e-4)


@pytest.mark.small
@pytest.mark.parametrize("kind", KINDS)
def test_bic_is_scikit_learns(small_picture, kind, monkeypatch):
    from sklearn.mixture import GaussianMixture as Theirs

    monkeypatch.setattr("classicseg.segmenters.gmm._MOST_AUTO", 4)  # the four parts; more take long un-compiled
    samples = colors_of(small_picture)
    findings = classicseg.run(small_picture, "gmm", n_components="auto", covariance_type=kind).findings
    start = start_of(GaussianMixture(covariance_type=kind), small_picture, 4)
    theirs = Theirs(
        4, covariance_type=kind, reg_covar=1e-2, weights_init=start.weights, means_init=start.means,
        precisions_init=precisions(kind, start.covariances),
    ).fit(samples)  # fmt: skip
    assert findings["bic"][4] == pytest.approx(theirs.bic(samples), rel=1e-4)
    assert findings["n_components"] == min(findings["bic"], key=findings["bic"].get)


def test_auto_finds_the_number_of_components():
    rng = np.random.default_rng(3)
    grey = np.concatenate([rng.normal(m, 0.02, (20, 60)) for m in (0.2, 0.5, 0.8)])
    result = classicseg.run(grey.astype(np.float32), "gmm", n_components="auto")
    assert result.findings["n_components"] == result.n_labels == 3
    assert np.array_equal(result.labels, np.repeat([1, 2, 3], 20)[:, np.newaxis].repeat(60, axis=1))


@pytest.mark.small
@pytest.mark.parametrize("wanted", [3, 9, "auto"])
def test_fewer_colours_give_fewer_classes(wanted):
    picture = np.array([[0, 0, 90], [90, 0, 90]], dtype=np.uint8)
    result = classicseg.run(picture, "gmm", n_components=wanted)
    assert result.labels.tolist() == [[1, 1, 2], [2, 1, 2]]
    assert result.findings["n_components"] == 2


@pytest.mark.small
def test_colours_that_are_equal_in_lab_are_one():
    """Neighbouring float32 samples may be one colour once they are converted."""
    levels = np.nextafter(np.float32(1), np.float32(0), dtype=np.float32) - np.arange(40, dtype=np.float32) * 2**-24
    converted = as_image(levels[np.newaxis]).in_space("lab").ravel()
    same = int(np.flatnonzero(converted[1:] == converted[:-1])[0])
    result = classicseg.run(np.repeat(levels[np.newaxis, same : same + 2], 3, axis=0), "gmm", n_components=2)
    assert result.findings["n_components"] == 1
    assert (result.labels == 1).all()


@pytest.mark.small
def test_a_flat_picture_is_one_class():
    result = classicseg.run(np.full((3, 4, 3), 77, dtype=np.uint8), "gmm", n_components="auto")
    assert (result.labels == 1).all()
    assert result.findings["weights"].tolist() == [1.0]


@pytest.mark.small
def test_components_part_by_spread_where_means_are_equal():
    """A class is a distribution, not a mean: pixels near the common mean go to the narrow one."""
    rng = np.random.default_rng(1)
    grey = 0.5 + np.where(np.arange(256).reshape(16, 16) < 128, 0.002, 0.12) * rng.standard_normal((16, 16))
    mixture = GaussianMixture(n_components=2, space="rgb", reg_covar=1e-6, max_iter=1000, tol=1e-7)
    result = mixture.run(np.clip(grey, 0, 1))
    spreads = result.findings["covariances"].ravel()
    narrow = int(spreads.argmin()) + 1
    assert (result.labels[:8] == narrow).mean() > 0.9
    assert (result.labels[8:] != narrow).mean() > 0.8
