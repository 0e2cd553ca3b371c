"""The spaces of all methods, and the ways of searching one."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

import classicseg
from classicseg.bench.tuning.search import SEARCHES, best_of
from classicseg.bench.tuning.space import space_of
from classicseg.errors import ParameterError
from classicseg.parameters import Search, declared
from classicseg.registry import make

small = pytest.mark.small

NEVER = {"random_state", "share", "n_init", "max_iter", "max_num_iter", "band"}


def candidates(space, count, seed=0):
    rng = np.random.default_rng(seed)
    return [space.candidate({each.name: each.at(rng.random()) for each in space.dimensions}) for _ in range(count)]


# --- spaces ---------------------------------------------------------------------------------------------------------


@small
def test_every_point_of_every_space_is_allowed(method):
    space = space_of(make(method), "covering")
    made = candidates(space, 300)
    assert None not in made
    assert len(set(made)) > 30
    for dimension in space.dimensions:  # all of a range, and every value
        found = [getattr(each, dimension.name) for each in made]
        if dimension.search.values:
            assert set(found) >= set(dimension.search.values)
            continue
        low, high = dimension.search.low, dimension.search.high
        active = [value for value in found if value != getattr(space.start, dimension.name)]
        assert low <= min(active) <= max(active) <= high
        assert len(set(active)) >= min(5, (dimension.most or 9) - 1)


@small
def test_declared_searches_stay_within_what_is_allowed(method):
    for name, declaration in declared(make(method)).items():
        search = declaration.search
        if search is None:
            continue
        assert name not in NEVER
        assert bool(search.values) != (search.low is not None and search.high is not None and search.low < search.high)
        for value in search.values:
            declaration.check(method, name, value)
        for end in (search.low, search.high) if not search.values else ():
            declaration.check(method, name, declaration.kind(end))
        if search.when:
            other, values = search.when
            assert all(declared(make(method))[other].accepts(value) for value in values)


@small
def test_min_size_is_searched_everywhere_by_its_logarithm(method):
    dimension = space_of(make(method), "covering").dimension("min_size")
    assert dimension.cheap == (method != "felzenszwalb")
    assert (dimension.at(0.0), dimension.at(0.5), dimension.at(1.0)) == (1, 45, 2000)  # sqrt(2000) = 44.7


@small
def test_what_has_no_effect_stays_at_its_default():
    space = space_of(make("threshold"), "instance.f1@0.5")
    of_rule = {
        rule: [each for each in candidates(space, 400) if each.rule == rule] for rule in ("otsu", "fixed", "local")
    }
    assert {each.value for each in of_rule["otsu"] + of_rule["local"]} == {127}
    assert len({each.value for each in of_rule["fixed"]}) > 10
    assert {each.block_size for each in of_rule["otsu"]} == {51}
    assert {each.block_size % 2 for each in of_rule["local"]} == {1}
    several = [each for each in of_rule["otsu"] if each.classes > 2]
    assert {each.foreground for each in several} == {"bright"}
    assert {each.split_touching for each in several} == {0}
    assert {each.split_touching for each in of_rule["fixed"]} == {0, "auto"}
    assert {each.classes for each in of_rule["fixed"]} == {2}
    edges = candidates(space_of(make("edges"), "covering"), 200)
    assert {each.gradient for each in edges if each.detector == "canny"} == {"sobel"}


@small
@pytest.mark.parametrize(
    ("name", "metric", "searched"),
    [
        ("kmeans", "covering", {"connected"}),
        ("kmeans", "iou.hungarian", set()),
        ("threshold", "iou.foreground", set()),
        ("threshold", "rand.adjusted", {"connected"}),
        ("threshold", "pq.agnostic", {"connected", "split_touching"}),
        ("meanshift", "covering", set()),
    ],
)
def test_what_a_score_does_not_see_is_not_searched(name, metric, searched):
    names = {each.name for each in space_of(make(name), metric).dimensions}
    assert names & {"connected", "split_touching"} == searched


@small
def test_a_preset_keeps_what_it_sets():
    space = space_of(make("nuclei"), "pq.agnostic", fixed=("rule", "foreground", "fill_holes", "split_touching"))
    assert [each.name for each in space.dimensions] == ["connected", "min_size"]
    assert {(each.rule, each.split_touching) for each in candidates(space, 20)} == {("objects", "auto")}


@small
def test_narrowed_spaces():
    narrow = {"spatial_bandwidth": "4, 8,none", "range_bandwidth": "5..7", "kernel": "gaussian", "max_iter": "10..12"}
    space = space_of(make("meanshift"), "covering", narrowed=narrow)
    made = candidates(space, 200)
    assert None in made  # colours alone do not go with the Gaussian
    good = [each for each in made if each is not None]
    assert {each.spatial_bandwidth for each in good} == {4.0, 8.0}
    assert all(5 <= each.range_bandwidth <= 7 for each in good)
    assert Counter(each.max_iter for each in good).keys() == {10, 11, 12}
    assert {each.kernel for each in good} == {"gaussian"}
    into = space_of(make("ucm"), "covering", narrowed={"n_segments": Search(5, 50)})
    assert {each.level for each in candidates(into, 20)} == {0.5}  # without effect where segments are counted


@small
@pytest.mark.parametrize(
    ("narrow", "words"),
    [
        ({"width": "1,2"}, "no parameter 'width' to search; it has .*spatial_bandwidth"),
        ({"spatial_bandwith": "1,2"}, "Did you mean 'spatial_bandwidth'"),
        ({"spatial_bandwidth": "0.1,2"}, "spatial_bandwidth=0.1 is not allowed"),
        ({"spatial_bandwidth": "0.1..2"}, "spatial_bandwidth=0.1 is not allowed"),
        ({"spatial_bandwidth": "9..2"}, "cannot be searched from 9.0 to 2.0"),
        ({"spatial_bandwidth": "a..b"}, "is no range; it is LOW..HIGH"),
        ({"kernel": "1..2"}, "kernel cannot be searched from 1.0 to 2.0"),
        ({"kernel": Search()}, "values or both ends"),
        ({"min_size": "1.5..2"}, "min_size=1.5 is not allowed"),
        ({"min_size": "2..inf"}, "min_size=inf is not allowed"),
    ],
)
def test_what_cannot_be_searched_is_refused(narrow, words):
    with pytest.raises(ParameterError, match=words):
        space_of(make("meanshift"), "covering", narrowed=narrow)


# --- searches -------------------------------------------------------------------------------------------------------


class Bowl:
    """A judge that knows the best watershed; it keeps count of what it is asked."""

    def __init__(self, noise=0.0):
        self.noise, self.seen, self.calls = noise, Counter(), []

    def __call__(self, candidates, pictures):
        self.calls.append((len(candidates), pictures))
        self.seen.update(candidates)
        return [self.gain(each, pictures) for each in candidates]

    def gain(self, each, pictures):
        far = math.log(each.height / 3) ** 2 + (each.sigma - 5) ** 2 + math.log((each.min_size + 1) / 100) ** 2 / 9
        return -far + self.noise * math.sin(1000 * each.sigma) / pictures


def run(search, budget=40, seed=0, pictures=36, judge=None, method="watershed", **narrowed):
    judge = judge or Bowl()
    space = space_of(make(method), "covering", narrowed=narrowed)
    return SEARCHES[search](space, budget, seed, pictures, judge), judge


@small
@pytest.mark.parametrize("search", SEARCHES)
def test_a_search_begins_with_the_defaults_and_gets_better(search):
    trials, judge = run(search)
    assert trials[0].segmenter == make("watershed")
    assert len({each.segmenter for each in trials}) == len(trials)
    if search != "halving":
        assert 0.6 * 40 <= len(trials) <= 40
        assert set(judge.seen.values()) == {1}  # nothing is asked twice
    best = best_of(trials, 36)
    assert best.gain > trials[0].gain + 1
    assert best.gain == max(each.gain for each in trials if each.pictures == 36)


@pytest.mark.parametrize("search", SEARCHES)
def test_the_seed_decides(search):
    same = [[each.segmenter for each in run(search, seed=seed)[0]] for seed in (3, 3, 4)]
    assert same[0] == same[1]
    assert (same[0] == same[2]) == (search == "grid")


@small
@pytest.mark.parametrize("search", SEARCHES)
def test_a_budget_of_one_looks_at_the_defaults(search):
    trials, _ = run(search, budget=1)
    assert [(each.segmenter, each.pictures) for each in trials] == [(make("watershed"), 36)]


@small
@pytest.mark.parametrize("search", SEARCHES)
def test_a_small_space_is_used_up(search):
    trials, _ = run(search, height="1.2,2", sigma="3.5", min_size="0")
    assert {(each.segmenter.height, each.segmenter.sigma) for each in trials} == {(1.2, 3.5), (2.0, 3.5)}


@small
@pytest.mark.parametrize("search", SEARCHES)
def test_what_fails_is_never_the_best(search):
    class Failing(Bowl):
        def gain(self, each, pictures):
            return math.nan if each.height > 1 else super().gain(each, pictures)

    trials, _ = run(search, judge=Failing())
    best = best_of(trials, 36)
    assert best.segmenter.height <= 1
    assert best_of([each for each in trials if each.segmenter.height > 1], 36) is None


@small
def test_of_equals_the_defaults_stay():
    trials, _ = run("random", judge=lambda candidates, pictures: [0.5] * len(candidates))
    assert best_of(trials, 36).segmenter == make("watershed")


@small
def test_a_grid_is_regular():
    trials, _ = run("grid", budget=13, sigma="1..5", height="0.5..8", min_size="0")
    points = {(each.segmenter.sigma, each.segmenter.height) for each in trials[1:]}
    sigmas, heights = (sorted({point[axis] for point in points}) for axis in (0, 1))
    assert points == {(sigma, height) for sigma in sigmas for height in heights}
    assert sigmas == [1.5, 2.5, 3.5, 4.5]  # the middles of four parts of 1..5
    assert heights == pytest.approx([0.5 * 16 ** (part / 6) for part in (1, 3, 5)], rel=1e-3)


@small
def test_a_grid_reaches_parameters_behind_others():
    trials, _ = run("grid", budget=60, judge=lambda candidates, _: [0.0] * len(candidates), method="threshold")
    assert {each.segmenter.rule for each in trials} >= {"otsu", "fixed", "local"}
    assert len({each.segmenter.value for each in trials}) > 1
    assert len(trials) <= 60


@small
def test_draws_of_a_hierarchy_share_it():
    trials, _ = run("random", budget=17, judge=lambda candidates, _: [0.0] * len(candidates), method="ucm")
    drawn = [each.segmenter for each in trials[1:]]
    assert len(drawn) == 16
    assert Counter((each.sigma, each.gradient) for each in drawn).most_common() == [
        ((drawn[0].sigma, drawn[0].gradient), 8),
        ((drawn[8].sigma, drawn[8].gradient), 8),
    ]
    assert len({(each.level, each.min_size) for each in drawn}) == 16


@small
def test_halving_spends_the_budget_on_the_good_ones():
    trials, judge = run("halving", judge=Bowl(noise=0.01))
    assert [pictures for _, pictures in judge.calls] == [4, 12, 36]
    counts = [count for count, _ in judge.calls]
    assert counts[1:] == [math.ceil(counts[0] / 3), math.ceil(math.ceil(counts[0] / 3) / 3)]
    seen = 4 * counts[0] + 8 * counts[1] + 24 * counts[2]
    assert 0.97 * 40 * 36 < seen <= 40 * 36  # pictures segmented: as many as 40 sets would take on all
    assert len(trials) == counts[0] > 100
    assert judge.seen[make("watershed")] == 3  # the defaults are never left out
    last = {each.segmenter for each in trials if each.pictures == 36}
    gains = {each.segmenter: Bowl().gain(each.segmenter, 4) for each in trials}
    better = sorted(gains.values(), reverse=True)[: counts[0] // 3]
    assert sum(gains[each] in better for each in last) >= len(last) - 1  # all but the defaults


def test_tpe_learns():
    pytest.importorskip("optuna")
    gains = {search: [best_of(run(search, seed=seed)[0], 36).gain for seed in range(4)] for search in ("tpe", "random")}
    assert np.mean(gains["tpe"]) > np.mean(gains["random"])


@small
def test_tpe_proposes_only_what_goes_together():
    trials, _ = run(
        "tpe",
        method="edges",
        judge=lambda candidates, _: [-each.low_threshold for each in candidates],
        low_threshold="1..8",
        high_threshold="2..6",
    )
    assert all(each.segmenter.low_threshold <= each.segmenter.high_threshold for each in trials)
    assert len(trials) == 40


@small
def test_without_optuna_tpe_says_how_to_get_it(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(classicseg.errors.DependencyError, match=r"pip install 'classicseg\[tune\]'"):
        run("tpe")
