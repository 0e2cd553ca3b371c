"""k-means, against scikit-learn from the same centres."""

import numpy as np
import pytest
from reference import kmeans as plain
from reference.lab import srgb_to_lab

import classicseg
from classicseg.image import as_image
from classicseg.kernels.kmeans_blocks import arrange
from classicseg.kernels.seeding import draw_uniforms, seed_of_blocks


def features(picture, space="lab", spatial_weight=0.0):
    image = as_image(picture)
    samples = image.samples(image.in_space(space))
    if spatial_weight:
        samples = np.concatenate([samples, spatial_weight * np.argwhere(image.mask)], axis=1)
    return samples.astype(np.float32)


@pytest.mark.parametrize(
    ("parameters", "count"),
    [({}, 3), ({"space": "rgb"}, 5), ({"space": "hsv"}, 4), ({"space": "luv"}, 8), ({"spatial_weight": 0.3}, 6)],
)
def test_inertia_of_scikit_learn_from_the_same_centres(photograph, parameters, count):
    from sklearn.cluster import KMeans

    samples = features(photograph, **parameters)
    blocks = arrange(samples)
    start = seed_of_blocks(blocks, draw_uniforms(count, np.random.default_rng(5)))
    theirs = KMeans(count, init=start, n_init=1, algorithm="lloyd").fit(samples.astype(np.float64))
    result = classicseg.run(photograph, "kmeans", n_clusters=count, n_init=1, random_state=5, **parameters)
    assert result.findings["inertia"] == pytest.approx(theirs.inertia_, rel=1e-4)
    ours = result.labels.ravel()
    order = np.argsort([np.mean(samples[theirs.labels_ == k, 0]) for k in range(count)])
    if parameters.get("space", "lab") in ("lab", "luv"):  # there the first feature is the lightness that orders classes
        assert np.mean(np.argsort(order)[theirs.labels_] + 1 == ours) > 0.995


def test_more_starts_are_never_worse(photograph):
    inertia = [classicseg.run(photograph, "kmeans", n_clusters=6, n_init=n).findings["inertia"] for n in (1, 2, 4)]
    assert inertia == sorted(inertia, reverse=True)


def test_textbook_snippet_gives_the_same_partition(photograph):
    """KMeans with three clusters on RGB: scikit-learn's best of several starts."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score

    theirs = KMeans(3, n_init=10, random_state=0).fit(photograph.reshape(-1, 3).astype(np.float64)).labels_
    ours = classicseg.segment(photograph, "kmeans", space="rgb")
    assert adjusted_rand_score(theirs, ours.ravel()) > 0.99


@pytest.mark.small
def test_findings_belong_to_the_labels(small_picture):
    result = classicseg.run(small_picture, "kmeans", n_clusters=4)
    lab = np.array([srgb_to_lab(*pixel) for pixel in small_picture.reshape(-1, 3) / 255])
    labels = (result.labels.ravel() - 1).tolist()
    centers = result.findings["centers"]
    np.testing.assert_allclose(centers, [lab[np.equal(labels, k)].mean(axis=0) for k in range(4)], atol=1e-3)
    assert labels == plain.assign(lab.tolist(), centers.tolist())
    assert result.findings["inertia"] == pytest.approx(plain.inertia(lab, centers, labels), rel=1e-4)
    assert result.findings["converged"]
    assert (np.diff(centers[:, 0]) > 0).all()  # from dark to bright


@pytest.mark.small
@pytest.mark.parametrize("space", ["lab", "rgb", "luv", "hsv"])
def test_four_flat_parts_are_found_in_every_space(small_picture, space):
    labels = classicseg.segment(small_picture, "kmeans", n_clusters=4, space=space)
    parts = [labels[:6, :7], labels[:6, 7:], labels[6:, :7], labels[6:, 7:]]
    assert [part.min() for part in parts] == [part.max() for part in parts]
    assert {int(part[0, 0]) for part in parts} == {1, 2, 3, 4}


@pytest.mark.small
@pytest.mark.parametrize("picture", ["four", "three"])
def test_auto_finds_the_number_of_flat_colours(small_picture, picture):
    if picture == "three":
        small_picture[:6, 7:] = small_picture[:6, :7]
    result = classicseg.run(small_picture, "kmeans", n_clusters="auto", n_init=2)
    expected = {"four": 4, "three": 3}[picture]
    assert result.findings["n_clusters"] == result.n_labels == expected
    silhouettes = result.findings["silhouettes"]
    assert max(silhouettes, key=silhouettes.get) == expected


@pytest.mark.small
def test_auto_reports_the_simplified_silhouette():
    picture = np.array([[0, 10, 200, 255]], dtype=np.uint8)
    result = classicseg.run(picture, "kmeans", n_clusters="auto")
    lab = [[srgb_to_lab(v / 255, v / 255, v / 255)[0]] for v in picture[0].tolist()]
    centers = [[(lab[0][0] + lab[1][0]) / 2], [(lab[2][0] + lab[3][0]) / 2]]
    distances = [sorted(abs(x[0] - c[0]) for c in centers) for x in lab]
    expected = sum(1 - near / second for near, second in distances) / 4
    assert result.findings["silhouettes"][2] == pytest.approx(expected, rel=1e-6)


@pytest.mark.small
@pytest.mark.parametrize("wanted", [3, 7, "auto"])
def test_fewer_colours_give_fewer_classes(wanted):
    picture = np.array([[0, 0, 90], [90, 0, 90]], dtype=np.uint8)
    result = classicseg.run(picture, "kmeans", n_clusters=wanted)
    assert result.labels.tolist() == [[1, 1, 2], [2, 1, 2]]
    assert result.findings["n_clusters"] == 2
    assert result.findings["inertia"] == 0


@pytest.mark.small
def test_position_parts_what_colour_does_not():
    picture = np.full((8, 16), 100, dtype=np.uint8)
    picture[0, 0] = 101
    labels = classicseg.segment(picture, "kmeans", n_clusters=2, spatial_weight=1.0)
    assert len(np.unique(labels[:, :7])) == len(np.unique(labels[:, 9:])) == 1
    assert labels[4, 0] != labels[4, 15]


@pytest.mark.small
def test_the_seed_decides(small_picture):
    runs = [classicseg.run(small_picture, "kmeans", n_clusters=7, n_init=1, random_state=s).findings for s in (0, 0, 1)]
    assert np.array_equal(runs[0]["centers"], runs[1]["centers"])
    assert not np.array_equal(runs[0]["centers"], runs[2]["centers"])


@pytest.mark.small
def test_says_when_the_iterations_did_not_suffice(small_picture):
    findings = classicseg.run(small_picture, "kmeans", n_clusters=8, n_init=1, max_iter=1, tol=0).findings
    assert (findings["iterations"], findings["converged"]) == (1, False)


@pytest.mark.parametrize("count", [2, 3, 8])
def test_grey_pictures_have_the_least_inertia_of_all(photograph, count):
    from sklearn.cluster import KMeans

    grey = photograph[:, :, 1]
    result = classicseg.run(grey, "kmeans", n_clusters=count)
    findings, samples = result.findings, features(grey)
    theirs = KMeans(count, n_init=10, random_state=0, tol=0).fit(samples.astype(np.float64))
    assert findings["inertia"] <= theirs.inertia_ * (1 + 1e-9)
    distances = samples - findings["centers"][result.labels.ravel() - 1]
    assert findings["inertia"] == pytest.approx(float(np.sum(distances**2)), rel=1e-9)
    assert (findings["iterations"], findings["converged"]) == (0, True)
    other = classicseg.run(grey, "kmeans", n_clusters=count, n_init=1, random_state=9).findings
    assert np.array_equal(other["centers"], findings["centers"])


def test_grey_pictures_of_many_levels():
    picture = np.random.default_rng(0).random((250, 300))
    findings = classicseg.run(picture, "kmeans", n_clusters=40, space="rgb").findings
    # Uniform noise over 100 units: 40 classes of 2.5 units, each of variance 2.5^2 / 12.
    assert findings["inertia"] == pytest.approx(picture.size * 2.5**2 / 12, rel=0.01)
    assert findings["n_clusters"] == 40


def test_threads_do_not_matter_on_a_large_picture():
    from skimage import data

    picture = data.astronaut()
    one = classicseg.run(picture, "kmeans", n_clusters=5, n_init=2, spatial_weight=0.2, max_iter=20, threads=1)
    for threads in (2, 3):
        other = classicseg.run(
            picture, "kmeans", n_clusters=5, n_init=2, spatial_weight=0.2, max_iter=20, threads=threads
        )
        assert np.array_equal(other.labels, one.labels)
        assert other.findings["inertia"] == one.findings["inertia"]


@pytest.mark.small
def test_a_spatial_weight_that_is_lost_in_rounding_asks_for_no_more_classes_than_there_are():
    image = np.array([[217, 217, 217, 163, 163]], dtype=np.uint8)
    for weight in (1e-186, 1e-60, 1e-30):
        result = classicseg.run(image, "kmeans", n_clusters=5, spatial_weight=weight)
        assert result.n_labels == result.findings["n_clusters"]
        assert (result.labels[0, :3] > result.labels[0, 3:].max()).all()
