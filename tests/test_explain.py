"""Segments for explainers: numbered as they need it, from the pictures they hand on; with LIME itself, and without."""

import pickle
import re
from pathlib import Path

import numpy as np
import pytest

import classicseg
from classicseg import ImageError, ParameterError
from classicseg.explain import segmentation_fn

PAGE = (Path(__file__).parent.parent / "docs" / "explainers.md").read_text(encoding="utf-8")
WITH_LIME, WITHOUT = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.mark.small
@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize("name", ["slic", "kmeans", "otsu", "felzenszwalb"])
def test_segments_are_those_of_the_method_from_the_first_number_on(name, start, small_picture):
    found = segmentation_fn(name, start=start)(small_picture)
    assert found.dtype == np.int32 and found.shape == small_picture.shape[:2]
    numbers = np.unique(found)
    assert numbers.tolist() == list(range(start, start + len(numbers)))
    labels = classicseg.segment(small_picture, name)
    assert np.array_equal(found - start, labels - labels.min())


@pytest.mark.small
def test_a_picture_of_one_segment_has_the_first_number():
    for picture in (np.zeros((4, 5, 3), np.uint8), np.full((4, 5), 255, np.uint8)):
        for method in ("binary", "felzenszwalb"):
            assert not segmentation_fn(method)(picture).any()
            assert (segmentation_fn(method, start=1)(picture) == 1).all()


@pytest.mark.small
def test_every_range_of_samples_gives_the_same_segments_once_it_is_said(small_picture):
    expected = segmentation_fn("kmeans", n_clusters=3)(small_picture)
    floats = small_picture.astype(np.float32)
    with pytest.raises(ImageError, match=r"without a data range, 0 to 1 is allowed. Say data_range"):
        segmentation_fn("kmeans", n_clusters=3)(floats)
    for picture, said in (
        (small_picture / 255, {}),
        (floats, {"data_range": (0, 255)}),
        (floats.astype(np.float64) / 127.5 - 1, {"data_range": (-1, 1)}),
        (np.moveaxis(small_picture, -1, 0), {"channel_axis": 0}),
        (small_picture[:, :, ::-1], {"color": "bgr", "threads": 2}),
    ):
        assert np.array_equal(segmentation_fn("kmeans", n_clusters=3, **said)(picture), expected)


@pytest.mark.small
def test_a_function_can_be_sent_to_another_process_and_compared(small_picture):
    function = segmentation_fn("slic", n_segments=5, data_range="image")
    sent = pickle.loads(pickle.dumps(function))
    assert sent == function != segmentation_fn("slic", n_segments=6, data_range="image")
    assert np.array_equal(sent(small_picture), function(small_picture))


@pytest.mark.small
@pytest.mark.parametrize("arguments", [{"start": 2}, {"start": True}, {"method": "nothing"}, {"scale": 3}])
def test_what_is_not_allowed_is_refused_before_a_picture_comes(arguments):
    with pytest.raises(ParameterError, match=str(next(iter(arguments)) if "method" not in arguments else "nothing")):
        segmentation_fn(**arguments)


@pytest.mark.small
def test_hiding_by_number_finds_what_each_segment_does(small_picture):
    """What LIME does: features by count, hidden by number, each segment's mean in its place; a linear model of it."""
    image = small_picture / 255
    segments = segmentation_fn("slic", n_segments=6)(image)
    count = len(np.unique(segments))
    assert count > 3
    hidden = image.copy()
    for number in np.unique(segments):
        hidden[segments == number] = image[segments == number].mean(axis=0) / 2
    shown = np.random.default_rng(0).integers(0, 2, (40, count))
    shown[0] = 1
    answers = []
    for row in shown:
        picture = image.copy()
        for feature in np.flatnonzero(row == 0):
            picture[segments == feature] = hidden[segments == feature]
        answers.append(picture.mean())
    weights = np.linalg.lstsq(np.column_stack([shown, np.ones(len(shown))]), np.array(answers), rcond=None)[0]
    for number in range(count):
        where = segments == number
        assert weights[number] == pytest.approx((image - hidden)[where].sum() / image.size, rel=1e-9)


def test_the_page_runs_without_an_explainer():
    names: dict[str, object] = {}
    exec(compile(WITHOUT, "docs/explainers.md", "exec"), names)
    assert len(names["effects"]) > 10
    assert names["effects"].sum() == pytest.approx(names["image"].mean())


def test_the_page_runs_with_lime_itself(capsys):
    pytest.importorskip("lime", reason="needs lime, which is part of no extra")
    names: dict[str, object] = {}
    exec(compile(WITH_LIME, "docs/explainers.md", "exec"), names)
    segments, weights = names["segments"], names["weights"]
    assert sorted(weights) == np.unique(segments).tolist() == list(range(segments.max() + 1))
    # LIME ranks the segments as they really are: by how many of their pixels the classifier takes for coffee.
    image, classifier = names["image"], names["classifier"]
    painted = [np.where((segments == number)[:, :, None], image, 255) for number in range(segments.max() + 1)]
    shares = classifier(np.stack(painted))[:, 1]
    assert np.corrcoef(shares, [weights[number] for number in range(len(shares))])[0, 1] > 0.95
    assert f"most for coffee: {shares.argmax()}, " in capsys.readouterr().out
