"""Machine code on disk: what is found again, what is not, and that no fault of the disk stops a run."""

import errno
import logging
import os
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest

from classicseg.kernels import cache
from classicseg.kernels.compile import kernel

compiled_only = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is kept where nothing is compiled")
needs_root = pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can become another user, for whom modes count"
)


def add_up(values):
    total = 0.0
    for value in values:
        total += value
    return total


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """Each test begins as a process does, and leaves nothing behind."""
    monkeypatch.setattr(cache, "loaded", [])
    monkeypatch.setattr(cache, "compiled", {})
    monkeypatch.setattr(cache, "lost", [])
    cache.cache_folder.cache_clear()
    cache._announce.cache_clear()
    yield
    cache.cache_folder.cache_clear()


@pytest.fixture
def cache_in(monkeypatch):
    """Set the cache's root for one test."""

    def set_root(path):
        monkeypatch.setenv("CLASSICSEG_CACHE_DIR", str(path))
        cache.cache_folder.cache_clear()

    return set_root


def files():
    folder = cache.cache_folder()
    return sorted(folder.iterdir()) if folder.is_dir() else []


@compiled_only
def test_what_is_compiled_once_is_found_again(cache_in, tmp_path):
    cache_in(tmp_path)
    assert kernel(add_up)(np.array([1.0, 2.5])) == 3.5
    assert cache.cache_folder().parent == tmp_path / "classicseg"
    (file,) = files()
    assert file.name.startswith("test_kernel_cache.add_up-")
    assert list(cache.compiled) == ["test_kernel_cache.add_up"] and not cache.loaded
    assert kernel(add_up)(np.array([1.0, 4.5])) == 5.5
    assert cache.loaded == ["test_kernel_cache.add_up"] and len(cache.compiled) == 1
    assert files() == [file]


@compiled_only
def test_signatures_and_closures_are_told_apart(cache_in, tmp_path):
    cache_in(tmp_path)

    def adds(amount):
        @kernel
        def add(value):
            return value + amount

        return add

    assert [adds(1)(2), adds(1)(2.5), adds(7)(2), adds(1)(3)] == [3, 3.5, 9, 4]
    assert len(files()) == 3
    assert len(cache.loaded) == 1


@compiled_only
def test_kernels_that_call_kernels_are_found_whole(cache_in, tmp_path):
    cache_in(tmp_path)

    def pair():
        @kernel
        def inner(value):
            return 2 * value

        @kernel
        def outer(value):
            return inner(value) + 1

        return outer

    outer = pair()
    assert outer(3) == 7
    assert len(cache.compiled) == 2


def test_no_folder_that_can_be_written_is_no_error(cache_in, tmp_path):
    (tmp_path / "file").write_text("no folder")
    cache_in(tmp_path / "file")
    assert not cache.can_keep()
    assert kernel(add_up)(np.array([1.0, 2.5])) == 3.5
    cache_in(tmp_path / "folder" / "to be made")
    assert cache.can_keep()


def test_no_home_and_no_named_folder_is_no_error(monkeypatch):
    for variable in ("CLASSICSEG_CACHE_DIR", "NUMBA_CACHE_DIR"):
        monkeypatch.delenv(variable, raising=False)

    def home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(cache.Path, "home", home)
    assert cache.cache_folder() is None and not cache.can_keep()
    assert kernel(add_up)(np.array([1.0, 2.5])) == 3.5


def test_functions_without_a_file_are_compiled_and_not_kept(cache_in, tmp_path):
    cache_in(tmp_path)
    names = {"__name__": "made.up"}
    exec("def double(value):\n    return 2 * value", names)
    assert kernel(names["double"])(4) == 8
    assert files() == []


@compiled_only
@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:20], lambda data: data[:100]])
def test_a_truncated_file_is_as_good_as_none(cache_in, tmp_path, damage):
    cache_in(tmp_path)
    kernel(add_up)(np.array([1.0]))
    (file,) = files()
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert kernel(add_up)(np.array([1.0, 2.5])) == 3.5
    assert not cache.loaded
    assert kernel(add_up)(np.array([1.0, 2.5])) == 3.5  # it was written anew
    assert len(cache.loaded) == 1


@compiled_only
@pytest.mark.parametrize("place", [0, 40, 5000, -1])
def test_a_changed_byte_is_found_out(cache_in, tmp_path, place):
    cache_in(tmp_path)
    kernel(add_up)(np.array([1.0]))
    (file,) = files()
    data = bytearray(file.read_bytes())
    data[place] ^= 1
    file.write_bytes(data)
    assert kernel(add_up)(np.array([1.0, 2.5])) == 3.5
    assert not cache.loaded


@compiled_only
def test_a_disk_that_fills_up_is_no_error(cache_in, tmp_path, monkeypatch):
    cache_in(tmp_path)

    def refuse(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(cache.Path, "replace", refuse)
    assert kernel(add_up)(np.array([1.0, 2.5])) == 3.5
    assert files() == []


def test_root_is_the_first_variable_that_is_set(monkeypatch, tmp_path):
    monkeypatch.delenv("CLASSICSEG_CACHE_DIR", raising=False)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "numba"))
    assert cache._cache_root() == tmp_path / "numba" / "classicseg"
    monkeypatch.setenv("CLASSICSEG_CACHE_DIR", str(tmp_path / "own"))
    assert cache._cache_root() == tmp_path / "own" / "classicseg"


def test_folder_tells_bounds_checking_versions_and_sources_apart(monkeypatch):
    prints = {cache._fingerprint()}
    monkeypatch.setattr(numba.config, "BOUNDSCHECK", 1)
    prints.add(cache._fingerprint())
    monkeypatch.setattr(numba, "__version__", "another")
    prints.add(cache._fingerprint())
    monkeypatch.setattr(cache.llvmlite, "__version__", "another")
    prints.add(cache._fingerprint())
    monkeypatch.setattr(cache.Path, "read_bytes", lambda path: b"another")
    prints.add(cache._fingerprint())
    assert len(prints) == 5


@compiled_only
def test_compiling_is_said_once_and_loading_never(cache_in, tmp_path, caplog):
    cache_in(tmp_path)
    caplog.set_level(logging.INFO, logger="classicseg")
    kernel(add_up)(np.array([1.0]))
    kernel(add_up)(np.array([1], dtype=np.int32))
    assert caplog.messages == ["compiling kernels for this machine; later runs start at once"]
    caplog.clear()
    cache._announce.cache_clear()
    kernel(add_up)(np.array([1.0]))
    assert caplog.messages == []


@compiled_only
def test_where_nothing_can_be_kept_the_cure_is_said(cache_in, tmp_path, caplog):
    (tmp_path / "file").write_text("no folder")
    cache_in(tmp_path / "file")
    caplog.set_level(logging.INFO, logger="classicseg")
    kernel(add_up)(np.array([1.0]))
    (message,) = caplog.messages
    assert "set CLASSICSEG_CACHE_DIR to a folder that can be written" in message


PROGRAM = """
import os, sys
import numba
import numpy as np
import numpy.ma  # the interpreter may stand where nobody else may read: what comes later is loaded now
numba.njit("f8(f8)")(lambda value: 2 * value)
from classicseg.kernels import cache
from classicseg.kernels.compile import kernel
@kernel
def inner(value):
    return 2 * value
@kernel
def add_up(values):
    total = 0.0
    for value in values:
        total += inner(value)
    return total
cache.cache_folder()
if len(sys.argv) > 1:
    os.setgid(65534)
    os.setuid(65534)
    os.environ.pop("HOME", None)
print(add_up(np.array([1.0, 2.5])), len(cache.loaded), len(cache.compiled), cache.can_keep())
"""


def start(folder, *arguments):
    program = folder / "program.py"
    if not program.exists():
        program.write_text(PROGRAM)
    return subprocess.Popen(
        [sys.executable, str(program), *arguments],
        env=os.environ | {"CLASSICSEG_CACHE_DIR": str(folder / "cache")},
        stdout=subprocess.PIPE,
        text=True,
    )


def open_to_all(folder):
    # pytest makes its folders for its own user alone
    own = [each for each in (folder, *folder.parents) if each != Path("/") and each.stat().st_mode & 0o777 == 0o700]
    for each in own:
        each.chmod(0o755)


def ended(process):
    printed, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return printed.split()


@compiled_only
def test_first_runs_at_once_do_not_break_each_other(tmp_path):
    first = [ended(process) for process in [start(tmp_path) for _ in range(3)]]
    assert [words[0] for words in first] == ["7.0"] * 3
    assert ended(start(tmp_path)) == ["7.0", "1", "0", "True"]
    assert not list(tmp_path.rglob("*.part"))


@compiled_only
@needs_root
def test_a_read_only_cache_serves_another_user_without_a_home(tmp_path):
    open_to_all(tmp_path)
    assert ended(start(tmp_path)) == ["7.0", "0", "2", "True"]
    kept = [tmp_path / "cache", *(tmp_path / "cache").rglob("*")]
    for place in kept:
        place.chmod(place.stat().st_mode & ~0o222)
    before = {place: place.stat().st_mtime_ns for place in kept}
    assert ended(start(tmp_path, "as nobody")) == ["7.0", "1", "0", "False"]
    assert before == {place: place.stat().st_mtime_ns for place in kept}


@compiled_only
@needs_root
def test_where_the_cache_may_not_even_be_looked_at_kernels_are_compiled(tmp_path):
    open_to_all(tmp_path)
    assert ended(start(tmp_path)) == ["7.0", "0", "2", "True"]
    (tmp_path / "cache").chmod(0o700)  # as the home of another user, where HOME was kept by sudo
    assert ended(start(tmp_path, "as nobody")) == ["7.0", "0", "2", "False"]


@compiled_only
def test_what_a_full_disk_does_not_keep_is_told(cache_in, tmp_path, monkeypatch):
    def full(path, content):
        raise OSError(errno.ENOSPC, "no space left on device")

    cache_in(tmp_path)
    monkeypatch.setattr(Path, "write_bytes", full)
    assert kernel(add_up)(np.array([1.0, 2.5])) == 3.5
    assert cache.can_keep()
    assert cache.lost == ["test_kernel_cache.add_up"]
