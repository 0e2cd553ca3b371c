"""Pieces are what they are said to be, by flood filling: connected, without hole, without a bare corner."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from reference.pieces import flaws, parts

from classicseg.kernels.pieces import cut_into_pieces

MAPS = st.tuples(st.integers(1, 8), st.integers(1, 8)).flatmap(
    lambda shape: arrays(np.int32, shape, elements=st.sampled_from([0, 1, 1, 2]))
)


def pixels(where):
    return set(zip(*(each.tolist() for each in np.nonzero(where)), strict=True))


def check(labels):
    pieces, label_of = cut_into_pieces(labels)
    assert np.array_equal(np.concatenate([[0], label_of])[pieces], labels)
    numbers, firsts = np.unique(pieces[pieces > 0], return_index=True)
    assert numbers.tolist() == list(range(1, len(label_of) + 1))
    assert np.all(np.diff(firsts) > 0)
    for number in numbers:
        piece = pixels(pieces == number)
        assert len(parts(piece)) == 1
        assert flaws(piece) == (0, 0)
    for label in np.unique(labels[labels > 0]):
        for region in parts(pixels(labels == label)):
            rows, columns = zip(*region, strict=True)
            cut = len(np.unique(pieces[rows, columns]))
            assert cut <= 1 + sum(flaws(region))
    return pieces


@pytest.mark.small
@settings(max_examples=40)
@given(MAPS)
def test_pieces_are_simple_and_few(labels):
    check(labels)


@pytest.mark.small
def test_a_ring_is_cut_once():
    ring = np.ones((5, 6), dtype=np.int32)
    ring[2, 1:4] = 0
    assert check(ring).max() == 2
    ring[2, 1:4] = 2  # an island
    assert check(ring).max() == 3


@pytest.mark.small
def test_what_is_simple_stays_whole_beside_a_part_of_the_same_label():
    labels = np.array([[0, 1, 0], [1, 0, 1], [1, 1, 1]], dtype=np.int32)  # a pixel lies in the mouth of a U
    assert check(labels).tolist() == [[0, 1, 0], [2, 0, 2], [2, 2, 2]]


def test_noise_and_combs():
    rng = np.random.default_rng(2)
    check(rng.integers(0, 3, (30, 24)).astype(np.int32))
    sieve = np.ones((31, 41), dtype=np.int32)
    sieve[1::2, 1::2] = 0
    assert check(sieve).max() == 16
