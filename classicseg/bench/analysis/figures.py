"""Figures of a data set for many weightings of its pictures: means, and scores of sums.

Rows of a weighting W (R, N) say how often each of N pictures is taken; a figure of K members is (R, K) numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from classicseg.bench.analysis.statistics import Figure, Values, Weights
from classicseg.metrics import Score
from classicseg.metrics.boundaries import BoundaryCounts
from classicseg.metrics.fractions import Fractions
from classicseg.metrics.instances import InstanceCounts, SweepCounts
from classicseg.metrics.panoptic import PanopticCounts

Sums = Sequence[Sequence[Any]]  # N pictures, K members each
FEWER = 500  # resamples where sums can only be added one by one
_ROWS = {Fractions: ("numerators", "denominators"), PanopticCounts: ("iou_sum", "tp", "fp", "fn")}
_KEYS = {Fractions: "keys", PanopticCounts: "categories"}


def mean_figure(values: Values) -> Figure:
    """The weighted means of (N, K) values; NaN of a picture counts nowhere, and a mean of none is NaN."""
    defined = ~np.isnan(values)
    counted = defined[:, :1] if defined.all() else defined
    members = values.shape[1]
    table = np.hstack([np.where(defined, values, 0.0), counted])  # one product reads the many weights once

    def figure(weights: Weights) -> Values:
        added = weights @ table
        with np.errstate(invalid="ignore"):
            return added[:, :members] / added[:, members:]

    return figure


def best_of(figure: Figure, best: str) -> Figure:
    """(R,): the best member of each weighting, chosen anew in each; NaN where none has a value."""
    sign = 1 if best == "higher" else -1

    def chosen(weights: Weights) -> Values:
        along = sign * figure(weights)
        top = np.where(np.isnan(along), -np.inf, along).max(axis=1)
        return np.where(np.isneginf(top), np.nan, sign * top)

    return chosen


def only(figure: Figure) -> Figure:
    """(R,): the figure of the single member."""
    return lambda weights: figure(weights)[:, 0]


def adds_quickly(sums: Sums) -> bool:
    """Whether sums of these pictures are added as arrays, and not one by one."""
    kinds = {type(each) for picture in sums for each in picture}
    return len(kinds) == 1 and kinds <= {*_ROWS, BoundaryCounts, InstanceCounts, SweepCounts}


def pooled_figure(score: Score, sums: Sums) -> Figure:
    """The score of the weighted sums of (N, K) pictures and members."""
    if not adds_quickly(sums):
        return _one_by_one(score, sums)
    if type(sums[0][0]) in _ROWS:
        return _with_keys(score, sums)
    return _counts(score, sums)


def _one_by_one(score: Score, sums: Sums) -> Figure:
    members = range(len(sums[0]))

    def figure(weights: Weights) -> Values:
        return np.array([[_value_of_many(score, sums, row, member) for member in members] for row in weights])

    return figure


def _value_of_many(score: Score, sums: Sums, weights: Weights, member: int) -> float:
    taken = [each[member] for each, times in zip(sums, weights.tolist(), strict=True) for _ in range(int(times))]
    return score.value(reduce(add, taken)) if taken else float("nan")


def _counts(score: Score, sums: Sums) -> Figure:
    """Of counts that are whole numbers in a fixed order, which floats add up without error."""
    table = np.array([[_numbers(each) for each in picture] for picture in sums], dtype=np.float64)
    made = _maker(sums[0][0])

    def figure(weights: Weights) -> Values:
        added = np.tensordot(weights, table, axes=1).astype(np.int64).tolist()
        return np.array([[score.value(made(numbers)) for numbers in row] for row in added])

    return figure


def _numbers(counts: BoundaryCounts | InstanceCounts | SweepCounts) -> list[int]:
    if isinstance(counts, SweepCounts):
        return [number for each in counts.counts for number in _numbers(each)]
    return list(vars(counts).values())


def _maker(like: BoundaryCounts | InstanceCounts | SweepCounts) -> Callable[[list[int]], Any]:
    """What makes counts of the numbers that `_numbers` gave."""
    if isinstance(like, SweepCounts):
        return lambda numbers: SweepCounts(
            tuple(InstanceCounts(*numbers[at : at + 3]) for at in range(0, len(numbers), 3))
        )
    return lambda numbers: type(like)(*numbers)


def _with_keys(score: Score, sums: Sums) -> Figure:
    """Of sums with a row for each key (a class, a category), which meet by their keys."""
    kind = type(sums[0][0])
    flat = [each for picture in sums for each in picture]
    keys = np.unique(np.concatenate([getattr(each, _KEYS[kind]) for each in flat]))
    table = np.zeros((len(sums), len(sums[0]), len(_ROWS[kind]) + 1, len(keys)))
    for picture, members in enumerate(sums):
        for member, each in enumerate(members):
            places = np.searchsorted(keys, getattr(each, _KEYS[kind]))
            for row, name in enumerate(_ROWS[kind]):
                np.add.at(table[picture, member, row], places, getattr(each, name))
            table[picture, member, -1, places] = 1  # it occurs, if only with zeros
    quotients = kind is Fractions and score.value is Score.value

    def figure(weights: Weights) -> Values:
        added = (weights @ table.reshape(len(table), -1)).reshape(len(weights), *table.shape[1:])
        if quotients:
            return _mean_quotients(added[:, :, 0], added[:, :, 1])
        return np.array([[score.value(_built(kind, keys, rows)) for rows in members] for members in added])

    return figure


def _mean_quotients(above: Values, below: Values) -> Values:
    """`Fractions.value` of many: (R, K, C) numerators and denominators."""
    counted = below != 0
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(counted, above / below, 0.0).sum(axis=-1) / counted.sum(axis=-1)


def _built(kind: type, keys: Any, rows: Values) -> Any:
    """The sums of those keys that occur, of which the last row tells."""
    there = rows[-1] > 0
    if kind is Fractions:
        return Fractions(keys[there], *rows[:-1, there])
    return PanopticCounts(keys[there], rows[0, there], *rows[1:-1, there].astype(np.int64))
