"""Made scenes: the same in every run, with a truth that is exact, and harder from level to level."""

import hashlib
import pickle

import cv2
import numpy as np
import pytest
from skimage.measure import label as components

from classicseg.datasets import made_scene, made_scenes
from classicseg.errors import ParameterError

small = pytest.mark.small

SCENES = ("flat", "noise", "shading", "texture", "touching", "low_contrast")


def digest(data):
    found = hashlib.sha256()
    for sample in data:
        found.update(sample.read_image().array.tobytes())
        found.update(sample.read_truths()[0].astype("<i4").tobytes())
    return found.hexdigest()


@small
def test_the_scenes_are_the_same_in_every_run():
    assert digest(made_scenes()) == digest(made_scenes())
    assert digest(made_scenes(seed=1)) != digest(made_scenes())


@small
def test_the_scenes_are_those_that_figures_were_published_for():
    # Whoever changes a scene, or meets a NumPy whose generator changed, has to publish the figures anew.
    assert digest(made_scenes()) == "07333c67464bd06ced1f571de6b2f23728001358258684c84071449bc501c363"


@small
@pytest.mark.parametrize("size", [64, 101, 128])
def test_every_sample_is_a_picture_with_a_truth_of_its_size(size):
    data = made_scenes(size)
    assert [sample.name for sample in data] == [f"{scene}-{level}" for scene in SCENES for level in (1, 2, 3)]
    for sample in data:
        loaded = sample.read()
        (truth,) = loaded.truths
        assert loaded.image.array.dtype == np.uint8
        assert loaded.image.array.shape in ((size, size), (size, size, 3))
        assert loaded.image.mask is None
        assert loaded.image.name == sample.name
        assert truth.dtype == np.int32
        assert sample.kind == ("instances" if sample.name.startswith("touching") else "classes")
        first = 0 if sample.kind == "instances" else 1
        np.testing.assert_array_equal(np.unique(truth), np.arange(first, truth.max() + 1))
        assert np.unique(truth, return_counts=True)[1].min() >= 20
        assert loaded.void is None
        assert sample.path is None


@small
def test_a_sample_can_be_sent_to_another_process():
    sample = made_scenes().samples[4]
    sent = pickle.loads(pickle.dumps(sample))
    np.testing.assert_array_equal(sent.read_image().array, sample.read_image().array)


@small
@pytest.mark.parametrize(("level", "colors"), [(1, 3), (2, 5), (3, 8)])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_each_colour_of_the_flat_scene_is_one_class(level, colors, seed):
    picture, truth = made_scene("flat", level, seed=seed)
    pairs = np.unique(np.column_stack([picture.reshape(-1, 3), truth.ravel()]), axis=0)
    assert len(pairs) == colors  # pairs of colour and class: as many as there are colours, and as there are classes
    assert len(np.unique(pairs[:, :3], axis=0)) == colors
    assert len(np.unique(pairs[:, 3])) == colors


@small
@pytest.mark.parametrize("scene", ["noise", "shading", "touching", "low_contrast"])
def test_the_mean_of_a_region_is_apart_from_its_surroundings_where_the_truth_says(scene):
    for level in (1, 2, 3):
        picture, truth = made_scene(scene, level)
        grey = picture.astype(float).mean(axis=2) if picture.ndim == 3 else picture.astype(float)
        inside = truth > (0 if scene == "touching" else 1)
        around = cv2.dilate(inside.astype(np.uint8), np.ones((5, 5))).astype(bool) & ~inside
        rim = inside & cv2.dilate((~inside).astype(np.uint8), np.ones((5, 5))).astype(bool)
        difference = abs(grey[rim].mean() - grey[around].mean())
        assert difference > 5 * np.hypot(grey[rim].std() / rim.sum() ** 0.5, grey[around].std() / around.sum() ** 0.5)


@small
def test_the_textures_of_a_scene_have_one_mean_and_differ_in_structure():
    picture, truth = made_scene("texture", 2)
    means = [picture[truth == label].mean() for label in range(1, truth.max() + 1)]
    assert np.ptp(means) < 8  # of 255; light and dark are 96 apart
    steps_down, steps_right = (abs(np.diff(picture.astype(float), axis=axis)) for axis in (0, 1))
    down, right = steps_down[:, :-1], steps_right[:-1]
    profile = [(down[truth[:-1, :-1] == label].mean(), right[truth[:-1, :-1] == label].mean()) for label in (1, 2)]
    assert profile[0][0] > 10 * profile[0][1]  # lines across: the grey changes downwards only
    assert profile[1][1] > 10 * profile[1][0]


@small
def test_the_light_falls_across_the_shading_scene():
    for level, darkest in ((1, 0.60), (2, 0.35), (3, 0.15)):
        picture, truth = made_scene("shading", level)
        ground = picture[truth == 1].astype(float) / (238, 232, 213)
        assert ground.max() > 0.98
        assert darkest - 0.01 < ground.min() < darkest + 0.05


@small
def test_touching_discs_touch_and_are_each_in_one_piece():
    for level in (1, 2, 3):
        _, truth = made_scene("touching", level)
        clumps = components(truth > 0, connectivity=1)
        members = {int(clump): len(np.unique(truth[clumps == clump])) for clump in range(1, clumps.max() + 1)}
        assert sorted(members.values()) == [2, 2, 3, 3, 4, 4]
        for disc in range(1, truth.max() + 1):
            assert components(truth == disc, connectivity=1).max() == 1


@small
def test_discs_reach_deeper_into_each_other_from_level_to_level():
    necks = []
    for level in (1, 2, 3):
        _, truth = made_scene("touching", level)
        seams = [(a != b) & (a > 0) & (b > 0) for a, b in ((truth[1:], truth[:-1]), (truth[:, 1:], truth[:, :-1]))]
        necks.append(sum(int(seam.sum()) for seam in seams))
    assert necks == sorted(necks)
    assert necks[0] < 0.7 * necks[2]


def test_otsu_does_worse_on_low_contrast_and_kmeans_on_noise_and_shading_from_level_to_level():
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score

    def otsu(picture):
        return cv2.threshold(picture, 0, 1, cv2.THRESH_OTSU)[1]

    def kmeans(picture):
        return KMeans(4, n_init=3, random_state=0).fit_predict(picture.reshape(-1, 3).astype(float))

    for scene, method in (("low_contrast", otsu), ("noise", kmeans), ("shading", kmeans)):
        found = []
        for level in (1, 2, 3):
            picture, truth = made_scene(scene, level, size=64)
            found.append(adjusted_rand_score(truth.ravel(), method(picture).ravel()))
        assert found[0] > found[1] + 0.02 > found[2] + 0.04, scene


@small
def test_what_is_not_allowed_is_refused():
    for size in (63, 4097, 128.0, True):
        with pytest.raises(ParameterError, match=r"size=.*from 64 to 4096"):
            made_scenes(size=size)
    with pytest.raises(ParameterError, match="seed=-1"):
        made_scenes(seed=-1)
    with pytest.raises(ParameterError, match=r"'fog' is not known; there are flat, noise"):
        made_scene("fog")
    with pytest.raises(ParameterError, match="level=4"):
        made_scene("flat", 4)
