"""h-maxima by union-find beside reconstruction by dilation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from reference.components import flood_fill_components
from reference.splitting import h_maxima

from classicseg.kernels.peaks import outstanding_peaks, rank_levels, ranks_of

squares = arrays(np.int32, st.tuples(st.integers(1, 6), st.integers(1, 8)), elements=st.integers(0, 12)).filter(np.any)


@pytest.mark.small
@given(squares, st.sampled_from([(0.4, 0.0), (1.0, 0.0), (1.0, 0.2), (0.0, 0.5), (9.0, 0.0)]))
def test_peaks_are_the_h_maxima(squares, fall):
    found = outstanding_peaks(squares, *ranks_of(squares), *fall)
    pieces = flood_fill_components(squares > 0, squares > 0)
    expected = {}
    for plateau in h_maxima(squares.tolist(), *fall):
        expected.setdefault(pieces[plateau[0]], []).append(set(plateau))
    for piece, plateaus in expected.items():
        inside = pieces == piece
        numbers = np.unique(found[inside & (found > 0)])
        places = [set(map(tuple, np.argwhere(found == number).tolist())) for number in numbers]
        if len(plateaus) == 1:  # the only one has all that hangs together with it
            assert places == [set(map(tuple, np.argwhere(inside).tolist()))]
        else:
            assert sorted(map(sorted, places)) == sorted(map(sorted, plateaus))
    assert not found[squares == 0].any()


@pytest.mark.small
def test_ranks_put_the_highest_first():
    squares = np.array([[0, 5, 9], [9, 1, 0]], dtype=np.int32)
    ranks, count = ranks_of(squares)
    assert count == 3
    assert rank_levels(squares, ranks)[squares > 0].tolist() == [1, 0, 0, 2]
