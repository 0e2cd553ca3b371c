"""The decorator of all compiled loops: what it computes, and where its cache goes."""

import numba
import numpy as np
import pytest

from classicseg.kernels import compile as compiling
from classicseg.kernels.compile import kernel

pytestmark = pytest.mark.small


def add_up(values):
    total = 0.0
    for value in values:
        total += value
    return total


@pytest.fixture
def cache_in(monkeypatch):
    """Set the cache's root for one test."""

    def set_root(path):
        monkeypatch.setenv("CLASSICSEG_CACHE_DIR", str(path))
        compiling.cache_folder.cache_clear()

    yield set_root
    compiling.cache_folder.cache_clear()


def test_compiles_into_its_own_folder(cache_in, tmp_path):
    cache_in(tmp_path)
    before = numba.config.CACHE_DIR
    compiled = kernel(add_up)
    assert compiled(np.array([1.0, 2.5])) == 3.5
    assert before == numba.config.CACHE_DIR
    assert compiling.cache_folder().parent == tmp_path / "classicseg"
    written = list(compiling.cache_folder().rglob("*.nbi"))
    assert len(written) == (0 if numba.config.DISABLE_JIT else 1)


def test_compiles_where_nothing_can_be_written(cache_in, tmp_path):
    (tmp_path / "file").write_text("no folder")
    cache_in(tmp_path / "file")
    assert compiling.cache_folder() is None
    assert kernel(add_up)(np.array([1.0, 2.5])) == 3.5


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is cached where nothing is compiled")
@pytest.mark.parametrize(("ending", "left"), [("nbi", 0), ("nbi", 30), ("nbc", 0), ("nbc", 100)])
def test_a_damaged_cache_is_as_good_as_none(cache_in, tmp_path, ending, left):
    cache_in(tmp_path)
    assert kernel(add_up)(np.array([1.0, 2.5])) == 3.5
    files = list(compiling.cache_folder().rglob(f"*.{ending}"))
    assert files
    for file in files:
        file.write_bytes(file.read_bytes()[:left])
    assert kernel(add_up)(np.array([1.0, 2.5])) == 3.5


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is cached where nothing is compiled")
def test_a_disk_that_fills_up_is_no_error(cache_in, tmp_path, monkeypatch):
    cache_in(tmp_path)

    def refuse(*_, **__):
        raise OSError("No space left on device")

    compiled = kernel(add_up)
    monkeypatch.setattr("numba.core.caching.IndexDataCacheFile.save", refuse)
    assert compiled(np.array([1.0, 2.5])) == 3.5
    assert not list(compiling.cache_folder().rglob("*.nbc"))


def test_root_is_the_first_variable_that_is_set(monkeypatch, tmp_path):
    monkeypatch.delenv("CLASSICSEG_CACHE_DIR", raising=False)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "numba"))
    assert compiling._cache_root() == tmp_path / "numba" / "classicseg"
    monkeypatch.setenv("CLASSICSEG_CACHE_DIR", str(tmp_path / "own"))
    assert compiling._cache_root() == tmp_path / "own" / "classicseg"


def test_folder_tells_bounds_checking_and_version_apart(monkeypatch):
    prints = {compiling._fingerprint()}
    monkeypatch.setattr(numba.config, "BOUNDSCHECK", 1)
    prints.add(compiling._fingerprint())
    monkeypatch.setattr(compiling.metadata, "version", lambda name: "another")
    prints.add(compiling._fingerprint())
    assert len(prints) == 3


def test_division_by_zero_does_not_raise():
    @kernel
    def divide(a, b):
        return a / b

    with np.errstate(divide="ignore"):
        assert divide(np.float64(1), np.float64(0)) == np.inf
