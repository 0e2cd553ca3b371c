"""What other packages add, by entry points that are made here; `test_registry` installs real packages."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import Any, ClassVar

import numpy as np
import pytest

import classicseg
from classicseg import ImageError, ParameterError, PluginError, PluginWarning, Segmenter, plugins, registry
from classicseg.errors import MemoryLimitError

small = pytest.mark.small
PICTURE = np.arange(12, dtype=np.uint8).reshape(3, 4)


@dataclass(frozen=True, kw_only=True)
class Told(Segmenter):
    """A method whose labels, hierarchy or error a test says beforehand."""

    name: ClassVar[str] = "told"
    makes: ClassVar[str] = "classes"
    labels: ClassVar[Any] = None
    tree: ClassVar[Any] = None

    def _segment(self, image: Any, context: Any) -> tuple[Any, dict[str, Any]]:
        if isinstance(self.labels, Exception):
            raise self.labels
        return self.labels, {}

    def _hierarchy(self, found: Any, image: Any, context: Any) -> Any:
        if isinstance(self.tree, Exception):
            raise self.tree
        return self.tree


@pytest.fixture
def offer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Let packages offer methods: pairs of a name and what it stands for, a value or an error on import."""

    def entries(*offered: tuple[str, Any]) -> None:
        made = []
        for number, (name, thing) in enumerate(offered):
            module = types.ModuleType(f"made_package_{number}")
            module.thing = thing
            monkeypatch.setitem(__import__("sys").modules, module.__name__, module)
            made.append(metadata.EntryPoint(name, f"{module.__name__}:{'thing' if thing else 'none'}", registry.GROUP))
        known = types.SimpleNamespace(entry_points=lambda group: made if group == registry.GROUP else [])
        monkeypatch.setattr(plugins, "metadata", known)
        plugins.found.cache_clear()

    yield entries
    monkeypatch.undo()
    plugins.found.cache_clear()


@small
def test_a_method_is_found_by_its_name_and_listed_behind_the_built_in_ones(offer, monkeypatch):
    offer(("told", Told))
    monkeypatch.setattr(Told, "labels", PICTURE // 4)
    assert list(classicseg.methods())[-1] == "told"
    assert np.array_equal(classicseg.segment(PICTURE, "told"), PICTURE // 4 + 1)
    with pytest.raises(ParameterError, match=r"method='tolt'.*Did you mean 'told'"):
        registry.make("tolt")


@small
def test_a_name_that_is_taken_stays_where_it_was(offer):
    offer(("kmeans", Told), ("told", Told), ("told", object))
    with pytest.warns(PluginWarning) as caught:
        assert registry.segmenter_class("told") is not object
    assert {("kmeans" in str(each.message), "classicseg has that name" in str(each.message)) for each in caught} == {
        (True, True),
        (False, False),
    }
    assert registry.segmenter_class("kmeans") is classicseg.KMeans


@small
@pytest.mark.parametrize(("thing", "words"), [(None, "cannot be loaded: AttributeError"), (object, "no subclass")])
def test_a_broken_one_is_left_out_of_the_list_and_an_error_where_it_is_named(offer, thing, words):
    offer(("told", thing))
    with pytest.warns(PluginWarning, match=words):
        assert "told" not in classicseg.methods()
    with pytest.raises(ParameterError, match=words):
        registry.make("told")


@small
@pytest.mark.parametrize(
    ("labels", "error", "words"),
    [
        (RuntimeError("fell over"), PluginError, "'told' failed: RuntimeError: fell over"),
        (PICTURE[:2], PluginError, r"shape \(2, 4\)"),
        (PICTURE / 2, PluginError, "float64 labels"),
        (PICTURE.astype(int) - 5, PluginError, "0 or above"),
        (ImageError("too dark"), ImageError, "too dark"),
        (MemoryLimitError("too much"), MemoryLimitError, "too much"),
    ],
)
def test_what_it_gets_wrong_is_said_in_its_name(offer, monkeypatch, labels, error, words):
    offer(("told", Told))
    monkeypatch.setattr(Told, "labels", labels)
    with pytest.raises(error, match=words):
        classicseg.segment(PICTURE, "told")


@small
def test_its_hierarchy_is_taken_if_it_is_one_of_the_mask(offer, monkeypatch):
    from classicseg.hierarchy import Hierarchy

    offer(("told", Told))
    labels = PICTURE // 4
    monkeypatch.setattr(Told, "labels", labels)
    tree = Hierarchy(leaves=labels + 1, parents=[3, 3, 4, 4, 4], altitudes=[0, 0, 0, 0.5, 1])
    monkeypatch.setattr(Told, "tree", tree)
    assert classicseg.run(PICTURE, "told").hierarchy is tree
    for other, words in ((labels, "gave ndarray as its hierarchy"), (KeyError("leaf"), "failed: KeyError")):
        monkeypatch.setattr(Told, "tree", other)
        with pytest.raises(PluginError, match=words):
            _ = classicseg.run(PICTURE, "told").hierarchy
    monkeypatch.setattr(Told, "tree", tree)
    with pytest.raises(PluginError, match="cover the mask"):
        _ = classicseg.run(PICTURE, "told", mask=PICTURE > 0).hierarchy
