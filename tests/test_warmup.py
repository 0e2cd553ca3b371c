"""After a warm-up no method and no score compiles anything, and no kernel was left out."""

from __future__ import annotations

import json
import subprocess
import sys

import numba
import pytest

import classicseg
from classicseg import ParameterError, registry, warmup

OF_NO_METHOD = {"meanshift_square._filter_rows"}  # another program's rule, for benchmarks only

# Everything is exercised in one process; what is used afterwards leads to no other kernel, and to no other signature.
PROGRAM = """
import importlib, json, pkgutil
import numpy as np
import classicseg, classicseg.kernels
from classicseg import registry, warmup
from classicseg.kernels import cache
from classicseg.metrics import TRUTH_KINDS, score_all, scores

done = warmup.warm_up(processes=1)
reached = len(cache.loaded) + len(cache.compiled)
names = cache.loaded + list(cache.compiled)

photograph = np.load(PATH)
grey = photograph[..., 1]
mask = np.zeros(grey.shape, bool)
mask[5:-9, 7:] = True
for method in (*registry.BUILT_IN, *registry.PRESETS):
    for picture in (photograph, np.asfortranarray(grey), grey / 255, photograph[::2, ::-1].astype(np.float32) / 255):
        classicseg.segment(picture, method)
    classicseg.segment(photograph.astype(np.uint16) * 257, method, mask=mask, threads=3, min_size=4)
    hierarchy = classicseg.run(photograph, method, mask=mask).hierarchy
    hierarchy.cut(n_segments=3)
    hierarchy.reweight("volume").ucm()
labels = classicseg.segment(photograph, "kmeans")
truths = [classicseg.segment(photograph, "threshold", classes=count) for count in (2, 4)]
for kind in TRUTH_KINDS:
    chosen = [name for name, each in scores().items() if kind in each.kinds]
    score_all(labels, truths, names=chosen, kind=kind, void=grey > 230)
more = len(cache.loaded) + len(cache.compiled) - reached

kernels, called = {}, set()
for module in pkgutil.iter_modules(classicseg.kernels.__path__):
    for function in vars(importlib.import_module(f"classicseg.kernels.{module.name}")).values():
        if hasattr(function, "py_func"):
            kernels[function._cache.name] = function
            for other in (function.py_func.__globals__.get(name) for name in function.py_func.__code__.co_names):
                if hasattr(other, "py_func"):
                    called.add(other._cache.name)
missing = sorted(set(kernels) - called - set(names))
print(json.dumps({
    "parts": [each.name for each in done], "names": names, "more": (names + cache.loaded)[-more:] if more else [],
    "kernels": len(kernels), "missing": missing,
}))
"""


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled")
def test_a_warm_up_leaves_nothing_to_compile(tmp_path, photograph):
    import numpy as np

    np.save(tmp_path / "photograph.npy", photograph)
    program = PROGRAM.replace("PATH", repr(str(tmp_path / "photograph.npy")))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=400)
    found = json.loads(done.stdout)
    assert found["parts"] == [*registry.BUILT_IN, "scores"]
    assert found["kernels"] > 20
    assert found["more"] == []
    assert set(found["missing"]) <= OF_NO_METHOD
    assert len(set(found["names"])) == len(found["names"]), "a kernel was compiled for a second signature"


@pytest.mark.small
def test_parts_are_methods_each_once_and_the_scores():
    assert warmup.parts() == (*classicseg.methods(), "scores")
    assert warmup.parts(["otsu", "kmeans", "threshold", "scores"]) == ("threshold", "kmeans", "scores")
    with pytest.raises(ParameterError, match=r"'nothing' is not known; .* 'scores' stands for all scores"):
        warmup.parts(["otsu", "nothing"])


def test_what_is_done_is_told_as_it_goes_on_and_given_in_order():
    told = []
    done = warmup.warm_up(["threshold", "edges"], processes=2, advance=told.append)
    assert [each.name for each in done] == ["threshold", "edges"]
    assert sorted(each.name for each in told) == ["edges", "threshold"]
    assert all(each.seconds > 0 for each in done)


@pytest.mark.small
def test_each_parameter_is_turned_and_stays_within_what_is_allowed(method):
    declared = registry.describe(method).parameters
    turned = list(warmup._turned(declared))
    for parameters in turned:
        ((name, value),) = parameters.items()
        assert declared[name].accepts(value) and value != declared[name].default
    words = {(name, word) for name, each in declared.items() for word in each.choices if word != each.default}
    assert words <= {(name, value) for each in turned for name, value in each.items()}
    assert {name for each in turned for name in each} == set(declared)


@pytest.mark.small
def test_a_method_is_used_with_each_word_that_its_parameters_take(monkeypatch):
    monkeypatch.setattr(warmup, "_SMALL", (5, 6))
    monkeypatch.setattr(warmup, "_LARGE", (6, 7))
    monkeypatch.setattr(warmup, "_HUGE", (7, 7))
    made, real = [], registry.make

    def noted(name, **parameters):
        segmenter = real(name, **parameters)
        made.append(segmenter)
        return segmenter

    monkeypatch.setattr(registry, "make", noted)
    warmed = warmup.exercise("threshold")
    assert (warmed.name, warmed.lost) == ("threshold", 0)
    assert {each.rule for each in made} == {"otsu", "fixed", "triangle", "li", "yen", "local", "objects"}
    assert {each.foreground for each in made} == {"bright", "dark", "border", "smaller"}
    assert {each.fill_holes for each in made} == {False, True}
    assert {"auto", 0} < {each.split_touching for each in made}
