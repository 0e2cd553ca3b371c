"""Neighbours never look alike, and a label keeps its colour."""

import os
import subprocess
import sys
import time

import numpy as np
import pytest
from reference import palette as reference
from reference.lab import srgb_to_lab
from skimage.color import rgb2lab
from skimage.segmentation import felzenszwalb, slic

from classicseg.io.palette import UNUSED, _beyond_palette, _palette, label_colors
from classicseg.io.read import read_picture

small = pytest.mark.small


def touching(labels):
    """All pairs of different positive labels that share an edge, by a plain loop."""
    pairs = set()
    height, width = labels.shape
    for y in range(height):
        for x in range(width):
            for other in ((y + 1, x), (y, x + 1)):
                if other[0] < height and other[1] < width:
                    pairs.add((min(labels[y, x], labels[other]), max(labels[y, x], labels[other])))
    return np.array(sorted((a, b) for a, b in pairs if 0 < a < b), dtype=int).reshape(-1, 2)


def differences(labels):
    """Delta E 1976 between the colours of neighbours, by scikit-image's colour space."""
    lab = rgb2lab(label_colors(labels)[np.newaxis] / 255.0)[0]
    pairs = touching(labels)
    return np.linalg.norm(lab[pairs[:, 0]] - lab[pairs[:, 1]], axis=1)


@small
@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("highest", [1, 5, 40])
def test_neighbours_differ_visibly_in_random_maps(seed, highest):
    labels = np.random.default_rng(seed).integers(0, highest, (12, 16), endpoint=True)
    assert np.all(differences(labels) > 19.5)  # 20 by our L*a*b*, whose white point differs in the fourth digit


@pytest.mark.parametrize("name", ["coffee", "chelsea", "coins"])
def test_neighbours_differ_visibly_in_real_maps(name):
    picture = read_picture(f"sample:{name}").array[::2, ::2]
    grey = picture.ndim == 2
    for labels in (
        felzenszwalb(picture, scale=50, min_size=10, channel_axis=None if grey else -1) + 1,
        slic(picture, n_segments=300, start_label=1, channel_axis=None if grey else -1),
    ):
        assert labels.max() > 100
        assert np.all(differences(labels) > 19.5)


def test_neighbours_differ_where_every_label_touches_every_other():
    count = 700  # more than the palette has colours
    first, second = np.triu_indices(count, 1)
    places = np.arange(len(first))
    rows, columns = 2 * (places // 200), 3 * (places % 200)  # islands of two pixels, kept apart by label 0
    labels = np.zeros((rows.max() + 1, 600), dtype=int)
    labels[rows, columns], labels[rows, columns + 1] = first + 1, second + 1
    colors = label_colors(labels)
    assert len(np.unique(colors[1:], axis=0)) == count


def test_a_label_in_the_midst_of_hundreds_differs_from_all():
    labels = np.zeros((2, 900), dtype=int)
    labels[0] = np.arange(1, 901)
    labels[1] = 901
    colors = label_colors(labels).astype(int)
    assert np.all(np.any(colors[1:901] != colors[901], axis=1))


@small
def test_a_label_keeps_its_colour():
    apart = np.zeros((1, 2 * 16), dtype=int)
    apart[0, ::2] = np.arange(1, 17)
    preferred = label_colors(apart)
    generator = np.random.default_rng(0)
    for _ in range(20):  # the palette begins with more than 16 colours, all visibly different: nobody has to move
        colors = label_colors(generator.integers(1, 17, (4, 4)))
        np.testing.assert_array_equal(colors, preferred[: len(colors)])


@small
def test_only_the_higher_of_two_alike_labels_moves():
    round_trip = next(
        label
        for label in range(2, 100)
        if np.array_equal(label_colors(np.array([[1, 0, label]]))[label], label_colors(np.array([[1]]))[1])
    )
    colors = label_colors(np.array([[1, round_trip]]))
    assert np.array_equal(colors[1], label_colors(np.array([[1]]))[1])
    assert not np.array_equal(colors[round_trip], colors[1])
    np.testing.assert_array_equal(colors[round_trip], label_colors(np.array([[2]]))[2])  # the next of the palette


@small
def test_maps_without_labels():
    assert label_colors(np.zeros((3, 4), dtype=int)).tolist() == [[0, 0, 0]]
    assert label_colors(np.array([[7]])).shape == (8, 3)


def test_fifty_thousand_segments_take_no_time():
    order = np.random.default_rng(0).permutation(50_000) + 1
    labels = order.reshape(250, 200).repeat(3, axis=0).repeat(3, axis=1)
    start = time.perf_counter()
    label_colors(labels)
    assert time.perf_counter() - start < 3  # a quarter of a second on two cores; a busy machine is forgiven


def test_the_table_of_colours_is_what_its_rule_gives():
    expected, preferred = reference.palette()
    alone = np.zeros((1, 2 * preferred + 2), dtype=int)
    alone[0, ::2] = np.arange(1, preferred + 2)
    np.testing.assert_array_equal(label_colors(alone)[1:-1], expected[:preferred])
    np.testing.assert_array_equal(label_colors(alone)[-1], expected[0])
    np.testing.assert_array_equal(_palette().rgb, expected)


def test_the_sets_of_near_colours_are_those_of_their_differences():
    rgb = _palette().rgb
    lab = np.array([srgb_to_lab(*colour) for colour in rgb / 255])
    apart = np.linalg.norm(lab[:, None] - lab, axis=2)
    for difference, near in zip(reference.DIFFERENCES, _palette().near, strict=True):
        for row, bits in zip(apart, near, strict=True):
            assert [bits >> place & 1 for place in range(len(row))] == (row < difference).tolist()


def test_colours_that_labels_begin_with_differ_so_much_that_none_has_to_move():
    """Which is why no neighbours are looked for where there are no more labels."""
    rgb = _palette().rgb[: reference.palette()[1]]
    lab = np.array([srgb_to_lab(*colour) for colour in rgb / 255])
    apart = np.linalg.norm(lab[:, None] - lab, axis=2)
    assert np.all(apart[~np.eye(len(rgb), dtype=bool)] >= 20)
    everyone = np.random.default_rng(0).integers(1, len(rgb), (60, 60), endpoint=True)
    np.testing.assert_array_equal(label_colors(everyone)[1:], rgb)


def test_no_colour_has_the_unused_channel():
    assert UNUSED not in _palette().rgb
    assert UNUSED not in _beyond_palette(np.arange(96**3))


COLORED = """
import hashlib
import numpy as np
from classicseg.io import encode_indexed, encode_picture, overlay
labels = np.random.default_rng(0).integers(0, 400, (40, 40))
rgb = np.random.default_rng(1).integers(0, 256, (40, 40, 3), dtype=np.uint8)
files = encode_indexed(labels), encode_picture(overlay(rgb, labels))
digests = [hashlib.sha256(file).hexdigest() for file in files]
print(*digests)
"""


def test_colours_are_the_same_in_every_process():
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    surroundings = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run([sys.executable, "-c", COLORED], env=surroundings, capture_output=True, text=True, check=True)
    space: dict[str, list[str]] = {}
    exec(COLORED.replace("print(*digests)", ""), space)  # here, where words have other hashes
    assert done.stdout.split() == space["digests"]
