"""One model for many pictures: against the segmenter itself on one, and on several put side by side."""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
from types import SimpleNamespace

import numpy as np
import pytest

import classicseg
from classicseg import GaussianMixture, ImageError, KMeans, MeanShift, ParameterError, Threshold, load_model, pools

METHODS = {
    "otsu": Threshold(),
    "multiotsu": Threshold(classes=3),
    "band": Threshold(classes=4, band=1),
    "li": Threshold(rule="li"),
    "yen": Threshold(rule="yen"),
    "triangle": Threshold(rule="triangle", foreground="dark"),
    "fixed": Threshold(rule="fixed", foreground="smaller"),
    "kmeans": KMeans(n_clusters=5, n_init=2),
    "kmeans-auto": KMeans(n_clusters="auto", n_init=1, space="hsv"),
    "gmm": GaussianMixture(max_iter=9),
    "gmm-auto": GaussianMixture(n_components="auto", max_iter=5, covariance_type="tied"),
    "meanshift": MeanShift(range_bandwidth="auto", spatial_bandwidth=2.0, min_size=0, tol=0.1),
    "colours": MeanShift(range_bandwidth="auto", spatial_bandwidth=None, min_size=0),
}
SIDE_BY_SIDE = [name for name in METHODS if name not in ("meanshift", "colours")]
UNCOMPILED = os.environ.get("NUMBA_DISABLE_JIT") == "1"  # kernels take a hundred times as long: one kind will do
each_kind = pytest.mark.parametrize("channels", [3] if UNCOMPILED else [1, 3, 5])


@pytest.fixture(params=METHODS)
def segmenter(request):
    return METHODS[request.param]


def pictures(channels, count=3, shape=(7, 9), seed=0):
    """Four colours and noise, other ones in each picture; uint8."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        colors = rng.integers(0, 256, (4, channels))
        picture = colors[rng.integers(0, 4, shape)] + rng.normal(0, 12, (*shape, channels))
        found.append(np.clip(picture, 0, 255).astype(np.uint8))
    return [picture[:, :, 0] for picture in found] if channels == 1 else found


def carriers(picture):
    yield picture
    yield picture.astype(np.uint16) * 257
    yield (picture / 255).astype(np.float32)
    yield picture / 255
    yield picture > 127


@pytest.mark.small
@each_kind
def test_on_one_picture_it_is_the_segmenter(segmenter, channels):
    picture = pictures(channels, 1)[0]
    mask = np.random.default_rng(1).random(picture.shape[:2]) < 0.7
    for carried in [picture] if UNCOMPILED else carriers(picture):
        assert np.array_equal(segmenter.fit([carried]).segment(carried), segmenter.segment(carried))
        model = segmenter.fit([carried], masks=[mask])
        assert np.array_equal(model.segment(carried, mask=mask), segmenter.segment(carried, mask=mask))


@pytest.mark.small
@pytest.mark.parametrize("name", SIDE_BY_SIDE)
@each_kind
def test_on_several_it_is_the_segmenter_of_all_side_by_side(name, channels):
    several = pictures(channels)
    model = METHODS[name].fit(several)
    together = np.hstack([model.segment(picture) for picture in several])
    assert np.array_equal(together, METHODS[name].segment(np.hstack(several)))


@pytest.mark.small
@each_kind
def test_neither_order_nor_carrier_nor_threads_decide_anything(segmenter, channels):
    several = pictures(channels, shape=(2, 5) if UNCOMPILED else (7, 9))
    model = segmenter.fit(several, threads=1)
    assert model == segmenter.fit(iter(several[::-1]), threads=3)
    assert model == segmenter.fit([picture.astype(np.uint16) * 257 for picture in several])
    assert model == segmenter.fit([several[0], *(picture / 255 for picture in several[1:])])
    assert hash(model) == hash(segmenter.fit(several))
    assert model.sha256 == segmenter.fit(several).sha256 != segmenter.fit(several[:2]).sha256


def test_colours_of_many_pictures_that_are_larger_than_a_part(tmp_path):
    rng = np.random.default_rng(3)
    several = [rng.integers(0, 256, (420, 330, 3), dtype=np.uint8) for _ in range(2)]  # side by side more than 2^18
    several[1][:, :, 0] //= 2
    segmenter = KMeans(n_init=1, max_iter=20)
    model = segmenter.fit(several)
    assert np.array_equal(np.hstack([model.segment(each) for each in several]), segmenter.segment(np.hstack(several)))


@pytest.mark.small
def test_the_automatic_bandwidth_is_that_of_all_colours():
    several = pictures(3)
    colors = np.concatenate(
        [classicseg.image.as_image(each).in_space("lab").reshape(3, -1) for each in several], axis=1
    )
    expected = 0.65 * np.sqrt(colors.astype(np.float64).var(axis=1).sum())
    model = MeanShift(range_bandwidth="auto").fit(several)
    assert model.learned["range_bandwidth"] == pytest.approx(expected, rel=1e-6)
    assert model.run(several[0]).findings["range_bandwidth"] == model.learned["range_bandwidth"]
    assert MeanShift(range_bandwidth=7).fit(several).learned == {}


@pytest.mark.small
def test_classes_keep_their_numbers_in_every_picture():
    dark, bright = np.full((2, 3), 10, np.uint8), np.full((2, 3), 240, np.uint8)
    bright[0, 0] = 120
    for segmenter in (KMeans(n_clusters=3), GaussianMixture(n_components=3), Threshold(classes=3)):
        model = segmenter.fit([bright, dark])
        assert np.unique(model.segment(dark)).tolist() == [1]
        result = model.run(bright)
        assert np.unique(result.labels).tolist() == [2, 3] == result.findings["classes"]
        assert (result.findings["n_classes"], result.labels[0, 0]) == (3, 2)
        assert dataclasses.replace(segmenter, connected=True).fit([bright, dark]).segment(bright).max() == 2
    posteriors = GaussianMixture(n_components=3).fit([bright, dark]).run(dark).findings["posteriors"]
    assert posteriors.shape == (3, 2, 3)
    assert (posteriors[0] > 0.99).all()


@pytest.mark.small
def test_equally_light_classes_are_numbered_as_they_come():
    rows = [[0, 200], [200, 0], [100, 100]]  # means of the bands are the same
    picture = np.array([[rows[1], rows[2], rows[0]]], dtype=np.uint8)
    for segmenter in (Threshold(classes=3, band=0), KMeans(n_clusters=3), GaussianMixture(n_components=3)):
        model = segmenter.fit([picture], color="multiband")
        assert model.segment(picture, color="multiband").tolist() == [[1, 2, 3]]
        assert segmenter.segment(picture, color="multiband").tolist() == [[1, 2, 3]]


@pytest.mark.small
def test_the_side_is_chosen_over_all_pictures():
    # By itself, the second has more bright pixels, and its border too; of both together the bright ones are fewer.
    one, other = np.zeros((4, 8), np.uint8), np.full((2, 4), 255, np.uint8)
    one[1, 1], other[0, 0] = 255, 0
    for side in ("smaller", "border"):
        segmenter = Threshold(foreground=side)
        model = segmenter.fit([one, other])
        assert model.learned == {"threshold": 0.0, "foreground": "bright"}
        assert model.segment(other).sum() == 7
        assert segmenter.segment(other).sum() == 1
    inner = np.zeros((4, 8), bool)
    inner[1:3, 1:3] = True  # no border counts: all pixels do
    assert Threshold(foreground="border").fit([255 - one], masks=[inner]).learned["foreground"] == "dark"


@pytest.mark.small
def test_one_projection_for_bands_of_all_pictures():
    several = pictures(5)
    model = Threshold().fit(several)
    rows = np.concatenate([picture.reshape(-1, 5) for picture in several]) / 255
    vector = np.linalg.eigh(np.cov(rows.T))[1][:, -1]
    assert np.allclose(model.learned["loadings"], vector * np.sign(vector.sum()) / np.abs(vector).sum(), atol=1e-5)


@pytest.mark.small
def test_objects_take_threshold_and_side_from_all_pictures():
    several = pictures(1)
    segmenter = Threshold(rule="objects", foreground="smaller")
    model = segmenter.fit(several[:1])
    found, expected = model.run(several[0]), segmenter.run(several[0])
    assert np.array_equal(found.labels, expected.labels)
    assert found.findings == expected.findings
    assert segmenter.fit(several).learned["threshold"] == Threshold().run(np.hstack(several)).findings["threshold"]


@pytest.mark.small
def test_it_takes_the_same_road_as_a_segmenter(small_picture):
    segmenter = KMeans(n_clusters=3, n_init=1, connected=True, min_size=5)
    seen = []
    model = segmenter.fit([small_picture, small_picture], progress=seen.append)
    assert seen == sorted(seen)
    assert {1 / 3, 2 / 3, 1.0} <= set(seen) <= {0.0, 1 / 3, 2 / 3, 1.0}
    result = model.run(small_picture, progress=seen.append)
    assert np.array_equal(result.labels, segmenter.segment(small_picture))
    assert (result.segmenter, seen[-1]) == (segmenter, 1.0)
    assert (model.name, model.get_params()) == ("kmeans", segmenter.get_params())
    assert repr(model) == "Fitted(KMeans(connected=True, min_size=5, n_init=1), 2 pictures)"
    nowhere = np.zeros(small_picture.shape[:2], bool)
    assert model.run(small_picture, mask=nowhere).findings == {"empty": True}
    assert segmenter.fit([small_picture, small_picture], masks=[None, nowhere]).pictures.number == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        model.text = "{}"


@pytest.mark.small
@pytest.mark.parametrize("of_known_length", [True, False])
def test_an_exception_in_progress_ends_learning(small_picture, of_known_length):
    pictures = [small_picture, small_picture]
    shares = []

    def fit(progress):
        return KMeans(n_init=1).fit(pictures if of_known_length else iter(pictures), progress=progress, threads=1)

    fit(shares.append)
    before = len(shares) - 2  # while the classes are learned, when all pictures have been looked at
    assert shares[before] == (2 / 3 if of_known_length else 0.0)
    calls = []

    def stop(share):
        calls.append(share)
        if len(calls) > before:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fit(stop)
    assert calls == shares[: before + 1]


def test_what_a_model_segments_has_a_hierarchy(small_picture):
    segmenter = KMeans(n_init=1)
    found, expected = (each.run(small_picture).hierarchy for each in (segmenter.fit([small_picture]), segmenter))
    assert np.array_equal(found.altitudes, expected.altitudes)


@pytest.mark.small
def test_pictures_from_files_bring_mask_and_colour():
    rgba = np.dstack([pictures(3, 1)[0], np.full((7, 9), 255, np.uint8)])
    rgba[0, :, 3] = 0
    mask = rgba[:, :, 3] > 0
    mask[1] = False
    own = SimpleNamespace(array=rgba, mask=mask, color="rgba")
    segmenter = KMeans(n_init=1)
    assert segmenter.fit([own]) == segmenter.fit([rgba[:, :, :3]], masks=[mask])
    other = np.ones((7, 9), bool)
    other[:, 0] = False
    assert segmenter.fit([own], masks=[other]) == segmenter.fit([rgba[:, :, :3]], masks=[mask & other])
    bare = SimpleNamespace(array=rgba, mask=None, color="rgba")
    assert segmenter.fit([bare], masks=[mask]) == segmenter.fit([own])


@pytest.mark.small
def test_grey_counts_as_colour_with_equal_channels():
    grey, color = pictures(1, 1)[0], pictures(3, 1)[0]
    copies = np.dstack([grey] * 3)
    for segmenter in (KMeans(n_init=1), Threshold(), MeanShift(range_bandwidth="auto")):
        model = segmenter.fit([grey, color])
        assert model == segmenter.fit([color, copies])
        assert np.array_equal(model.segment(grey), model.segment(copies))
    assert KMeans(n_init=1).fit([grey]) == KMeans(n_init=1).fit([copies])


@pytest.mark.small
def test_other_kinds_of_pictures_are_refused():
    grey, color, bands, more = (pictures(channels, 1)[0] for channels in (1, 3, 5, 6))
    for segmenter in (KMeans(n_init=1), Threshold()):
        with pytest.raises(ImageError, match=r"picture 3 .* 5 spectral bands, and those before it colour"):
            segmenter.fit([grey, color, bands])
        with pytest.raises(ImageError, match=r"picture 2 .* 6 spectral bands, and those before it 5"):
            segmenter.fit([bands, more])
        with pytest.raises(ImageError, match="fitted on 5 spectral bands"):
            segmenter.fit([bands]).segment(color)
    with pytest.raises(ImageError, match="colour came, and the model was fitted on grey"):
        KMeans().fit([grey]).segment(color)
    assert Threshold().fit([grey]).segment(color).shape == (7, 9)  # colour has grey levels too
    assert MeanShift().fit([grey]).segment(color).shape == (7, 9)  # and nothing was learned here


@pytest.mark.small
def test_bad_calls_are_refused():
    grey = pictures(1, 1)[0]
    with pytest.raises(ImageError, match=r"one array .* Give \[image\]"):
        KMeans().fit(grey)
    with pytest.raises(ImageError, match="int came"):
        KMeans().fit(7)
    for nothing in ([], [np.zeros((2, 0))][:0]):
        with pytest.raises(ImageError, match="no picture"):
            KMeans().fit(nothing)
    for masks in ([], [None, None]):
        with pytest.raises(ImageError, match="as many masks"):
            KMeans().fit([grey], masks=masks)
    with pytest.raises(ImageError, match="masks=5"):
        KMeans().fit([grey], masks=5)
    with pytest.raises(ParameterError, match=r"progress=3.*called"):
        KMeans().fit([grey], progress=3)
    with pytest.raises(ImageError, match=r"picture 2 of those to fit on: .*NaN"):
        KMeans().fit([grey, np.array([[np.nan]])])
    with pytest.raises(ParameterError, match="spatial_weight"):
        KMeans(spatial_weight=0.1).fit([grey])
    with pytest.raises(ParameterError, match="local"):
        Threshold(rule="local").fit([grey])
    with pytest.raises(ParameterError, match=r"slic learns nothing .* kmeans"):
        classicseg.Slic().fit([grey])


@pytest.mark.small
def test_too_many_colours_are_rounded_whatever_their_order(monkeypatch):
    monkeypatch.setattr(pools, "MOST_COLORS", 20)
    monkeypatch.setattr(pools, "_PENDING", 30)
    monkeypatch.setattr(pools, "_MOST_LEVELS", 10)
    several = [np.random.default_rng(seed).random((4, 9, 3)) for seed in range(3)]
    for segmenter in (KMeans(n_init=1), Threshold()):
        model = segmenter.fit(several)
        assert model == segmenter.fit(several[::-1])
        assert model.pictures.pixels == 108
    pool = pools.ColorPool()
    for picture in several:
        pool.add(classicseg.image.as_image(picture), 1)
    colors = pool.colors()
    expected = np.unique(np.floor(np.concatenate(several).reshape(-1, 3) * 2), axis=0) / 2
    assert np.array_equal(colors.image.planes[:, 0].T, expected)
    assert (colors.counts.sum(), len(expected)) == (108, 8)


@pytest.mark.small
@each_kind
def test_what_is_saved_is_read_back(segmenter, channels, tmp_path):
    model = segmenter.fit(pictures(channels))
    model.save(tmp_path / "model.json")
    again = load_model(tmp_path / "model.json")
    assert again == model == pickle.loads(pickle.dumps(model))
    assert (again.learned, again.sha256, again.pictures) == (model.learned, model.sha256, model.pictures)
    picture = pictures(channels, 1, seed=9)[0]
    assert np.array_equal(again.segment(picture), model.segment(picture))
    assert [file.name for file in tmp_path.iterdir()] == ["model.json"]


def changed(content, **other):
    return content | {key: content[key] | value if isinstance(value, dict) else value for key, value in other.items()}


@pytest.mark.small
def test_files_that_hold_no_model_are_refused(tmp_path):
    path = tmp_path / "model.json"
    KMeans(n_clusters=2).fit([pictures(3, 1)[0]]).save(path)
    good = json.loads(path.read_text())
    far = [[1e999] * 3] * 2
    bad = {
        "no fitted model|is none": [[], "x", changed(good, format="other")],
        "version 2": [changed(good, format_version=2)],
        "version True": [changed(good, format_version=True)],
        "not known": [changed(good, method="nonsense")],
        "method=3": [changed(good, method=3)],
        "preset": [changed(good, method="otsu")],
        "no parameter 'speed'": [changed(good, parameters={"speed": 1})],
        "n_clusters=-1": [changed(good, parameters={"n_clusters": -1})],
        "all parameters": [good | {"parameters": {}}],
        "not told by name": [good | {"learned": []}],
        "it holds": [{key: value for key, value in good.items() if key != "pictures"}],
        "which pictures": [
            changed(good, pictures=other)
            for other in (
                {"depth": 0},
                {"depth": 5},
                {"more": 1},
                {"kind": None},
                {"kind": None, "depth": None},  # which would let bands come to centres of three numbers
                {"kind": "bands", "depth": None},
            )
        ],
        "how many planes": [changed(good, pictures={"depth": None})],
        "a model that holds": [changed(good, learned={"more": 1})],
        "centers of a model|words and lists": [
            changed(good, learned={"centers": centers})
            for centers in ([], [[1, 2]], [[1, 2, "3"]], [[1, 2, True]], [[1, 2], [3]], None, far, {"a": 1})
        ],
        "order of a model": [changed(good, learned={"order": [0, 0]})],
        "inertia": [changed(good, learned={"inertia": -1.0}), changed(good, learned={"inertia": [1]})],
    }
    texts = [(json.dumps(content), message) for message, contents in bad.items() for content in contents]
    texts += [("{", "cannot be read"), ("[" * 100_000, "cannot be read"), ('{"a": NaN}', "NaN"), ("", "cannot be read")]
    for text, message in texts:
        path.write_text(text.replace("Infinity", "1e999"))
        with pytest.raises(ParameterError, match=message) as caught:
            load_model(path)
        assert str(path) in str(caught.value)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ParameterError, match="cannot be read"):
        load_model(path)
    for missing in (tmp_path, tmp_path / "none.json"):
        with pytest.raises(ParameterError, match="Check the path"):
            load_model(missing)


@pytest.mark.small
@pytest.mark.parametrize(
    ("segmenter", "learned", "message"),
    [
        (GaussianMixture(max_iter=2), {"weights": [0, 0, 0]}, "shares"),
        (GaussianMixture(max_iter=2), {"covariances": [[[-1]]] * 3}, "positive definite"),
        (GaussianMixture(max_iter=2), {"n_classes": 4}, "n_classes=4"),
        (Threshold(), {"foreground": "left"}, "foreground='left'"),
        (Threshold(classes=3), {"thresholds": [2, 1]}, "rising"),
        (MeanShift(range_bandwidth="auto"), {"range_bandwidth": 0.5}, "range_bandwidth=0.5"),
        (MeanShift(), {"range_bandwidth": 5}, "it holds nothing"),
        (KMeans(n_clusters=2), {"cuts": [1, 2]}, "cuts"),
    ],
)
def test_what_no_such_model_has_is_refused(segmenter, learned, message):
    model = segmenter.fit([pictures(1, 1)[0]])
    with pytest.raises(ParameterError, match=message):
        classicseg.Fitted.of(segmenter, model.pictures, model.learned | learned)
    with pytest.raises(ParameterError, match="finite numbers, words and lists"):
        classicseg.Fitted.of(segmenter, model.pictures, {"centers": float("nan")})


@pytest.mark.small
def test_a_plug_in_that_counts_its_classes_has_them_numbered_all_the_same():
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Counting(classicseg.Segmenter):
        name = "counting"
        makes = "classes"

        def _segment(self, image, context):
            return np.array([[5, 5, 0]]), {"n_classes": 2}

    assert Counting().segment(np.array([[200, 200, 10]], dtype=np.uint8)).tolist() == [[2, 2, 1]]


@pytest.mark.small
def test_a_plug_in_that_learns_half_is_blamed():
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Half(classicseg.Segmenter):
        name = "half"
        makes = "classes"

        def _segment(self, image, context):
            return np.zeros(image.shape, int), {}

        def _pool(self):
            return pools.ColorPool()

    with pytest.raises(classicseg.PluginError, match="half"):
        Half().fit([np.zeros((2, 2), np.uint8)])
