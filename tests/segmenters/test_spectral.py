"""Normalised cuts, against dense eigen-solutions of the same graph."""

import numpy as np
import pytest
from reference import ncut as plain
from reference.lab import srgb_to_lab

import classicseg
from classicseg import SpectralClustering
from classicseg.eigen import normalised_eigenpairs
from classicseg.graphs import Graph
from classicseg.image import as_image
from classicseg.ncut import discretise


def regions(shape, seed=0, noise=6):
    """Three regions of different colours and noise, uint8 sRGB: a left one, and a right one cut in two."""
    rng = np.random.default_rng(seed)
    picture = np.empty((*shape, 3))
    picture[:] = (190, 60, 50)
    picture[: shape[0] // 2, shape[1] // 2 :] = (50, 140, 70)
    picture[shape[0] // 2 :, shape[1] // 2 :] = (60, 70, 180)
    return np.clip(picture + rng.normal(0, noise, picture.shape), 0, 255).astype(np.uint8)


def parts_of(shape):
    parts = np.zeros(shape, dtype=int)
    parts[: shape[0] // 2, shape[1] // 2 :] = 1
    parts[shape[0] // 2 :, shape[1] // 2 :] = 2
    return parts


def graph_of_pixels(picture, color_scale, spatial_scale, radius):
    """The affinities between all pixels, dense, from the formula alone."""
    height, width = picture.shape[:2]
    colors = [srgb_to_lab(*(v / 255 for v in pixel)) for row in picture.tolist() for pixel in row]
    positions = [(row, column) for row in range(height) for column in range(width)]
    return plain.dense_affinity(colors, positions, color_scale, spatial_scale, radius)


def graph_of(weights):
    """The graph of a dense symmetric matrix."""
    rows, ends = np.nonzero(weights)
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(weights)))])
    return Graph(starts, ends.astype(np.int32), weights[rows, ends])


def dense_classes(weights, count):
    """Classes by all eigenvectors of the dense matrix, discretised in the same way."""
    root = np.sqrt(weights.sum(axis=1))
    _, vectors = np.linalg.eigh(weights / root[:, None] / root[None, :])
    return discretise(vectors[:, ::-1][:, :count] / root[:, None])


@pytest.mark.parametrize(("count", "color_scale"), [(3, 10.0), (4, 25.0), (6, 25.0)])
def test_pixels_against_the_dense_eigen_solution(count, color_scale):
    """20 x 18 pixels are more than the solver of small graphs takes, so this is the sparse one."""
    picture = regions((20, 18), noise=14)
    weights = graph_of_pixels(picture, color_scale, 3.0, 4.0)
    result = classicseg.run(
        picture, "spectral", n_clusters=count, n_superpixels=0, color_scale=color_scale, spatial_scale=3.0, radius=4.0
    )
    findings = result.findings
    assert findings["n_nodes"] == 360
    assert findings["n_links"] == np.count_nonzero(weights) // 2
    np.testing.assert_allclose(findings["eigenvalues"], plain.eigenvalues(weights)[:count], atol=1e-6)
    assert findings["cut"] == pytest.approx(plain.normalised_cut(weights, result.labels.ravel()), abs=1e-4)
    assert findings["cut"] == pytest.approx(plain.normalised_cut(weights, dense_classes(weights, count)), abs=1e-4)
    # No partition into so many classes cuts less than the relaxed problem (Ky Fan's theorem).
    assert findings["cut"] >= count - findings["eigenvalues"].sum() - 1e-9


def test_a_photographs_pixels_against_the_dense_eigen_solution(photograph):
    picture = photograph[30:48, 40:60]
    weights = graph_of_pixels(picture, 8.0, 3.0, 3.0)
    result = classicseg.run(
        picture, "spectral", n_clusters=4, n_superpixels=0, color_scale=8.0, spatial_scale=3.0, radius=3.0
    )
    np.testing.assert_allclose(result.findings["eigenvalues"], plain.eigenvalues(weights)[:4], atol=1e-6)
    assert result.findings["cut"] == pytest.approx(plain.normalised_cut(weights, result.labels.ravel()), abs=1e-4)
    assert result.findings["cut"] == pytest.approx(plain.normalised_cut(weights, dense_classes(weights, 4)), abs=1e-4)


@pytest.mark.small
@pytest.mark.parametrize("masked", [False, True])
def test_small_graphs_against_the_dense_eigen_solution(masked):
    picture = regions((10, 11), noise=14)
    mask = np.ones((10, 11), dtype=bool)
    mask[4:6, 4:8] = not masked
    inside = mask.ravel()
    weights = graph_of_pixels(picture, 25.0, 3.0, 2.5)[inside][:, inside]
    result = classicseg.run(
        picture, "spectral", mask=mask, n_clusters=3, color_scale=25.0, spatial_scale=3.0, radius=2.5
    )
    np.testing.assert_allclose(result.findings["eigenvalues"], plain.eigenvalues(weights)[:3], atol=1e-6)
    assert result.findings["cut"] == pytest.approx(plain.normalised_cut(weights, result.labels[mask]), abs=1e-4)


@pytest.fixture(scope="module")
def superpixels(photograph):
    """A photograph's graph of superpixels: its result, its nodes, and the dense affinities by formula."""
    segmenter = SpectralClustering(n_clusters=5, n_superpixels=350, color_scale=8.0, spatial_scale=4.0, radius=4.0)
    image = as_image(photograph)
    nodes = segmenter._nodes(image.in_space("lab"), image.mask)
    weights = plain.dense_affinity(nodes.colors.tolist(), nodes.positions.tolist(), 8.0, 4.0, 4.0)
    return segmenter.run(photograph), nodes, weights


def test_superpixels_against_the_dense_eigen_solution(superpixels):
    result, nodes, weights = superpixels
    of_node = np.zeros(len(weights), dtype=int)
    of_node[nodes.of_pixel] = result.labels.ravel()
    assert len(weights) > 256
    assert result.findings["n_nodes"] == len(weights)
    np.testing.assert_allclose(result.findings["eigenvalues"], plain.eigenvalues(weights)[:5], atol=1e-6)
    assert result.findings["cut"] == pytest.approx(plain.normalised_cut(weights, of_node), abs=1e-4)
    assert result.findings["cut"] == pytest.approx(plain.normalised_cut(weights, dense_classes(weights, 5)), abs=1e-4)


def test_a_superpixel_is_the_mean_of_its_pixels(superpixels, photograph):
    result, nodes, _ = superpixels
    image = as_image(photograph)
    colors = image.samples(image.in_space("lab")).astype(float)
    places = np.argwhere(image.mask)
    spacing = np.sqrt(len(places) / len(nodes.colors))
    for node in range(0, len(nodes.colors), 37):
        own = nodes.of_pixel == node
        np.testing.assert_allclose(nodes.colors[node], colors[own].mean(axis=0), atol=1e-6)
        np.testing.assert_allclose(nodes.positions[node], places[own].mean(axis=0) / spacing, atol=1e-9)
        assert len(np.unique(result.labels.ravel()[own])) == 1


@pytest.mark.parametrize(
    ("shape", "parameters"),
    [
        ((60, 70), {}),
        ((60, 70), {"n_superpixels": 150, "color_scale": 6.0}),
        ((24, 26), {"n_superpixels": 0, "color_scale": 6.0}),
    ],
)
def test_auto_finds_three_clear_regions(shape, parameters):
    result = classicseg.run(regions(shape), "spectral", n_clusters="auto", **parameters)
    assert result.findings["n_clusters"] == result.n_labels == 3


def test_auto_finds_three_compact_regions():
    """Squares whose nodes are nearly all linked with each other: nothing but the regions shows in the eigenvalues."""
    parts = np.repeat([0, 1, 2], 12)
    colors = np.array([(190, 60, 50), (50, 140, 70), (60, 70, 180)])[parts]
    picture = np.clip(colors + np.random.default_rng(0).normal(0, 6, (12, 36, 3)), 0, 255).astype(np.uint8)
    result = classicseg.run(picture, "spectral", n_clusters="auto", n_superpixels=0, color_scale=20.0)
    assert result.findings["n_clusters"] == 3
    assert all(len(np.unique(result.labels[:, parts == part])) == 1 for part in range(3))


def test_classes_are_the_regions():
    labels = classicseg.segment(regions((60, 70)), "spectral", n_clusters=3, n_superpixels=150, color_scale=6.0)
    agree = [np.mean(labels[parts_of((60, 70)) == part] == label) for part in range(3) for label in (1, 2, 3)]
    assert sorted(agree)[-3:] > [0.98] * 3


@pytest.mark.small
def test_class_cuts_are_in_the_order_of_the_classes():
    picture = regions((10, 11), noise=14)
    result = classicseg.run(picture, "spectral", n_clusters=3, color_scale=25.0, spatial_scale=3.0, radius=2.5)
    weights = graph_of_pixels(picture, 25.0, 3.0, 2.5)
    labels = result.labels.ravel()
    for k, share in enumerate(result.findings["class_cuts"], start=1):
        own = labels == k
        assert share == pytest.approx(weights[own][:, ~own].sum() / weights[own].sum(), rel=1e-4)
    assert result.findings["cut"] == pytest.approx(sum(result.findings["class_cuts"]))


@pytest.mark.small
def test_nodes_that_no_link_reaches_stay_alone():
    """Four pixels farther apart than the radius, with others masked out between them."""
    picture = np.array([[0, 80, 0, 160, 0, 255, 0, 40]], dtype=np.uint8)
    mask = np.array([[True, False] * 4])
    mask[0, 1::2] = [True, True, True, True]
    mask[0, 0::2] = False
    result = classicseg.run(picture, "spectral", mask=mask, n_clusters=4, radius=1.5)
    assert result.findings["n_links"] == 0
    np.testing.assert_allclose(result.findings["eigenvalues"], 1)
    assert result.labels.tolist() == [[0, 2, 0, 3, 0, 4, 0, 1]]


@pytest.mark.small
def test_fewer_colours_give_fewer_classes():
    picture = np.array([[0, 0, 90], [90, 0, 90]], dtype=np.uint8)
    assert classicseg.run(picture, "spectral", n_clusters=7).findings["n_clusters"] == 2
    assert classicseg.segment(np.full((3, 3), 7, dtype=np.uint8), "spectral").max() == 1


@pytest.mark.small
@pytest.mark.parametrize("seed", range(4))
def test_discretising_undoes_a_rotation(seed):
    """Rows that are unit vectors but for a rotation and their lengths: the classes come back, under other numbers."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 4, 60)
    rotation = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    rows = np.eye(4)[classes] @ rotation * rng.uniform(0.1, 5, (60, 1))
    found = discretise(rows)
    assert len({(a, b) for a, b in zip(classes.tolist(), found.tolist(), strict=True)}) == 4


@pytest.mark.small
def test_two_groups_of_nodes_by_hand():
    """Two pairs, linked within by 1 and between by 0.1: the second eigenvalue is (1 - 0.1) / (1 + 0.1)."""
    weights = np.array([[0, 1, 0.1, 0], [1, 0, 0, 0.1], [0.1, 0, 0, 1], [0, 0.1, 1, 0]])
    values, vectors, solver = normalised_eigenpairs(graph_of(weights), 2)
    assert solver == "dense"
    np.testing.assert_allclose(values, [1, 0.9 / 1.1], rtol=1e-12)
    classes = discretise(vectors)
    assert classes[0] == classes[1] != classes[2] == classes[3]


@pytest.mark.parametrize(("work", "solver"), [(1e9, "banded"), (0, "multilevel")])
def test_solvers_agree_with_the_dense_one(monkeypatch, work, solver):
    monkeypatch.setattr("classicseg.eigen.BANDED_WORK", work)
    rng = np.random.default_rng(0)
    weights = np.triu(rng.random((300, 300)) * (rng.random((300, 300)) < 0.1), 1)
    weights += weights.T
    values, vectors, by = normalised_eigenpairs(graph_of(weights), 5)
    assert by == solver
    np.testing.assert_allclose(values, plain.eigenvalues(weights)[:5], atol=1e-9)
    degrees = weights.sum(axis=1)
    residual = weights @ vectors - degrees[:, None] * vectors * values
    assert np.abs(residual).max() < 1e-6


def test_noise_with_many_nodes_all_but_cut_off_is_solved():
    """Colours so far apart that the eigenvalue 1 comes many times over: any of its vectors will do, none may fail."""
    picture = np.random.default_rng(0).integers(0, 256, (17, 17, 3), dtype=np.uint8)
    result = classicseg.run(picture, "spectral", color_scale=3.0)
    weights = graph_of_pixels(picture, 3.0, 4.0, 5.0)
    np.testing.assert_allclose(result.findings["eigenvalues"], plain.eigenvalues(weights)[:8], atol=1e-6)
    assert result.n_labels > 1


@pytest.mark.small
def test_links_too_weak_to_be_squared_do_not_overflow():
    picture = np.random.default_rng(20).integers(0, 256, (8, 11)).astype(np.uint8)
    result = classicseg.run(picture, "spectral", n_clusters=4, color_scale=0.05)
    assert np.isfinite(result.findings["cut"])


def exact_cut(picture, count, **parameters):
    """The cut of the classes by eigenvectors whose residual is at most 1e-9."""
    return classicseg.run(picture, "spectral", n_clusters=count, n_superpixels=0, **parameters).findings


@pytest.mark.parametrize(
    "parameters", [{"color_scale": 10.0, "radius": 1.0}, {"color_scale": 12.0, "radius": 3.0}, {"color_scale": 6.0}]
)
def test_the_cut_of_many_pixels_is_within_a_hundredth_of_the_exact_one(monkeypatch, photograph, parameters):
    picture = photograph[:50, :60]
    exact = exact_cut(picture, 5, **parameters)
    assert exact["solver"] == "banded"
    assert exact["residual"] < 1e-8
    monkeypatch.setattr("classicseg.eigen.BANDED_WORK", 0)
    found = exact_cut(picture, 5, **parameters)
    assert found["solver"] == "multilevel"
    assert found["n_links"] == exact["n_links"]
    assert found["cut"] <= 1.01 * exact["cut"]
    relaxed, least = (5 - findings["eigenvalues"].sum() for findings in (found, exact))
    assert least - 1e-6 <= relaxed <= 1.7 * least + 1e-6


def test_many_pixels_under_a_mask_and_any_number_of_threads(monkeypatch, photograph):
    monkeypatch.setattr("classicseg.eigen.BANDED_WORK", 0)
    mask = np.ones((64, 70), dtype=bool)
    mask[20:40, :66] = False
    picture = photograph[:64, :70]
    first = classicseg.run(picture, "spectral", mask=mask, n_superpixels=0, n_clusters=4, threads=1)
    assert first.findings["solver"] == "multilevel"
    assert first.findings["n_nodes"] == np.count_nonzero(mask)
    assert first.findings["cut"] == pytest.approx(np.sum(first.findings["class_cuts"]))
    for threads in (2, 3):
        again = classicseg.run(picture, "spectral", mask=mask, n_superpixels=0, n_clusters=4, threads=threads)
        assert np.array_equal(again.labels, first.labels)
        assert np.array_equal(again.findings["eigenvalues"], first.findings["eigenvalues"])


def test_clear_parts_of_many_pixels_are_found(monkeypatch):
    monkeypatch.setattr("classicseg.eigen.BANDED_WORK", 0)
    result = classicseg.run(regions((60, 70)), "spectral", n_superpixels=0, n_clusters=3, color_scale=6.0)
    agree = [np.mean(result.labels[parts_of((60, 70)) == part] == label) for part in range(3) for label in (1, 2, 3)]
    assert sorted(agree)[-3:] > [0.98] * 3


@pytest.mark.small
@pytest.mark.parametrize("n_clusters", [4, "auto"])
def test_the_levels_of_a_small_picture_find_its_flat_parts(monkeypatch, n_clusters):
    monkeypatch.setattr("classicseg.eigen.BANDED_WORK", 0)
    levels = np.kron([[20, 90], [160, 240]], np.ones((7, 8), int))
    mask = np.ones(levels.shape, bool)
    mask[2:4, 3:5] = mask[13, 15] = False
    noisy = (levels + np.random.default_rng(2).integers(-3, 4, levels.shape)).astype(np.uint8)
    result = classicseg.run(noisy, "spectral", mask=mask, n_superpixels=0, n_clusters=n_clusters, color_scale=10.0)
    assert result.findings["solver"] == "multilevel"
    assert np.array_equal(result.labels, np.where(mask, np.searchsorted([20, 90, 160, 240], levels) + 1, 0))


def test_noise_without_links_on_many_pixels(monkeypatch):
    monkeypatch.setattr("classicseg.eigen.BANDED_WORK", 0)
    picture = np.random.default_rng(0).integers(0, 256, (30, 32, 3), dtype=np.uint8)
    for scale in (0.01, 3.0):
        result = classicseg.run(picture, "spectral", n_superpixels=0, n_clusters=4, color_scale=scale, radius=1.0)
        assert np.isfinite(result.findings["residual"])
        assert result.findings["cut"] < 0.1


def test_a_graph_too_large_for_memory_is_refused_first(monkeypatch):
    from classicseg import MemoryLimitError, memory

    monkeypatch.setattr(memory, "machine_memory", lambda: 2**29)
    with pytest.raises(MemoryLimitError, match="spectral on a picture of 600 x 600 pixels would take about"):
        classicseg.segment(np.zeros((600, 600), dtype=np.uint8), "spectral", n_superpixels=0, radius=20.0)
