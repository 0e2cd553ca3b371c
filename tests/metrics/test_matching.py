"""One-to-one matching with the greatest total gain: both ways of solving it, against every assignment there is."""

import itertools

import numpy as np
import pytest

from classicseg.metrics import matching

pytestmark = pytest.mark.small


def best_of_all(table):
    """The greatest total over every one-to-one choice of rows for columns; a column may stay alone."""
    n_rows, n_columns = table.shape
    padded = np.vstack([table, np.zeros((n_columns, n_columns))])
    choices = itertools.permutations(range(n_rows + n_columns), n_columns)
    return max(sum(padded[row, column] for column, row in enumerate(choice)) for choice in choices)


@pytest.mark.parametrize("cells", [0, 10**6], ids=["sparse", "dense"])
@pytest.mark.parametrize("seed", range(6))
def test_no_assignment_is_better(monkeypatch, cells, seed):
    monkeypatch.setattr(matching, "_DENSE_CELLS", cells)
    rng = np.random.default_rng(seed)
    table = np.where(rng.random((4, 3)) < 0.6, rng.random((4, 3)), 0)
    table[rng.integers(4), rng.integers(3)] = 0.5
    rows, columns = np.nonzero(table)
    taken = matching.best_total_matching(rows, columns, table[rows, columns], 3)
    assert table[rows[taken], columns[taken]].sum() == pytest.approx(best_of_all(table), abs=1e-12)
    assert len(set(rows[taken])) == len(set(columns[taken])) == taken.sum()


@pytest.mark.parametrize("cells", [0, 10**6], ids=["sparse", "dense"])
def test_what_shares_nothing_is_never_paired(monkeypatch, cells):
    monkeypatch.setattr(matching, "_DENSE_CELLS", cells)
    taken = matching.best_total_matching(np.array([0, 0]), np.array([0, 2]), np.array([0.25, 0.75]), 3)
    assert taken.tolist() == [False, True]
    assert matching.best_total_matching(*np.zeros((2, 0), dtype=int), np.zeros(0), 4).tolist() == []
