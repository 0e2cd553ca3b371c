"""Run lengths of all labels at once against plain Python, mask by mask."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from reference.run_lengths import text_of

from classicseg.kernels.run_lengths import run_length_texts

MAPS = st.tuples(st.integers(1, 9), st.integers(1, 9)).flatmap(
    lambda shape: arrays(np.int32, shape, elements=st.integers(0, 3))
)


@pytest.mark.small
@settings(max_examples=40)
@given(MAPS, st.sampled_from([1, 3]))
def test_each_label_has_the_text_of_its_mask(labels, scale):
    labels = labels.repeat(scale, axis=0)
    texts = run_length_texts(labels)
    assert texts == [text_of((labels == label).astype(int).tolist()) for label in range(labels.max() + 1)]


@pytest.mark.small
def test_a_text_by_hand():
    # Columns 0 1 / 1 1 / 1 1: a gap of 1, five pixels, nothing behind. Of label 0: no gap, one pixel, five behind.
    assert run_length_texts(np.array([[0, 1, 1], [1, 1, 1]], dtype=np.int32)) == ["015", "15"]


def test_long_runs_take_several_characters():
    labels = np.zeros((300, 400), dtype=np.int32)
    labels[3:290, 5] = 2
    labels[200:, 6:300] = 2
    labels[:, 350:] = 1
    texts = run_length_texts(np.asfortranarray(labels))
    assert texts == [text_of((labels == label).astype(int).tolist()) for label in range(3)]
