"""A place holds the old file or the whole new one, and nothing is left beside it."""

import errno
import os
import re
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from classicseg import atomic
from classicseg.atomic import atomic_write, atomic_writes, discard_unfinished, sweep

small = pytest.mark.small


@small
def test_a_file_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "file"
    atomic_write(path, b"old")
    atomic_write(str(path), b"new and longer")
    assert path.read_bytes() == b"new and longer"
    assert list(tmp_path.iterdir()) == [path]


@small
@pytest.mark.parametrize("broken", ["write", "rename", "interrupted"])
def test_a_failing_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, broken):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    if broken == "write":
        data = "text, which a binary file does not take"
        expected = TypeError
    else:
        data, expected = b"new", OSError if broken == "rename" else KeyboardInterrupt

        def fail(source, target):
            assert Path(source).parent == tmp_path  # beside its place
            assert Path(source).read_bytes() == b"new"
            raise expected("no")

        monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(expected):
        atomic_write(path, data)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@small
def test_several_files_take_their_places_together(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"old")
    with atomic_writes({one: b"new", other: b"new"}):
        assert (one.read_bytes(), other.exists()) == (b"old", False)
    assert (one.read_bytes(), other.read_bytes()) == (b"new", b"new")
    for contents in ({one: b"newer", other: "no bytes"}, {one: b"newer", other / "below a file": b""}):
        with pytest.raises((TypeError, OSError)), atomic_writes(contents):
            pytest.fail("one of them could not be written")
    with pytest.raises(KeyboardInterrupt), atomic_writes({one: b"newer"}):
        raise KeyboardInterrupt
    assert one.read_bytes() == b"new"
    assert sorted(tmp_path.iterdir()) == [one, other]
    assert atomic._unfinished == {}


@small
def test_a_place_that_is_a_folder(tmp_path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError):
        atomic_write(tmp_path / "taken", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


@small
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no permission bits")
def test_files_have_the_permissions_that_the_user_asks_for(tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    atomic_write(tmp_path / "atomic", b"")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert len(modes) == 1


@small
@pytest.mark.parametrize("step", ["write", "close"])
def test_a_full_disk_is_told_by_the_name_of_the_file(tmp_path, monkeypatch, step):
    path = tmp_path / "result.png"
    path.write_bytes(b"old")
    plainly = Path.open

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    class Full:
        def __init__(self, file):
            self.file = file
            self.write = full if step == "write" else file.write

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()
            if step == "close":
                full()

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", lambda self, mode: Full(plainly(self, mode)))
        with pytest.raises(OSError, match=f"No space left on device: '{re.escape(str(path))}'"):
            atomic_write(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@small
def test_a_folder_that_cannot_be_written_is_told_by_the_name_of_the_file(tmp_path, monkeypatch):
    def refuse(self, *_):
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(PermissionError) as raised:
        atomic_write(tmp_path / "result.png", b"new")
    assert str(raised.value) == f"[Errno {errno.EACCES}] Permission denied: {str(tmp_path / 'result.png')!r}"
    assert list(tmp_path.iterdir()) == []


@small
def test_a_file_where_a_folder_should_be(tmp_path):
    (tmp_path / "taken").write_bytes(b"")
    with pytest.raises(OSError, match=r"taken.deeper.result\.png"):
        atomic_write(tmp_path / "taken" / "deeper" / "result.png", b"new")


@small
@pytest.mark.skipif(sys.platform == "win32", reason="Windows counts characters")
def test_names_as_long_as_the_file_system_allows(tmp_path):
    longest = tmp_path / ("ü" * 125 + ".json")  # 255 bytes
    atomic_write(longest, b"new")
    assert longest.read_bytes() == b"new"
    with pytest.raises(OSError, match="name too long"):
        atomic_write(tmp_path / ("n" * 256), b"new")
    assert list(tmp_path.iterdir()) == [longest]


@small
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are text")
def test_names_that_are_no_text(tmp_path):
    odd = tmp_path / os.fsdecode(b"caf\xe9.png")
    atomic_write(odd, b"new")
    assert [os.fsencode(path.name) for path in tmp_path.iterdir()] == [b"caf\xe9.png"]
    (tmp_path / os.fsdecode(b".classicseg-\xe9.tmp")).write_bytes(b"")
    assert sweep(tmp_path) == []


KILLED = """
import os, sys, time
from classicseg import atomic
def wait(*_):
    print(os.getpid(), flush=True)
    time.sleep(60)
os.replace = wait
atomic.atomic_write(sys.argv[1], b"new" * 1000)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell which process is alive")
def test_what_a_killed_process_leaves_is_known_and_removed(tmp_path):
    path = tmp_path / "result.png"
    path.write_bytes(b"old")
    other = tmp_path / ".other.tmp"
    other.write_bytes(b"somebody else's")
    with subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True) as process:
        number = process.stdout.readline().strip()
        (beside,) = set(tmp_path.iterdir()) - {path, other}
        assert f"-{number}-" in beside.name
        assert beside.name.startswith(".classicseg-")
        assert sweep(tmp_path) == []  # as long as it lives
        process.send_signal(signal.SIGKILL)
    assert path.read_bytes() == b"old"
    assert sweep(str(tmp_path)) == [beside]
    assert set(tmp_path.iterdir()) == {path, other}


@small
@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell which process is alive")
def test_whose_files_are_swept(tmp_path):
    host, own = atomic._host(), os.getpid()
    dead = 2**22 + 7  # above what Linux gives at most
    fates = {
        f".classicseg-{host}-{dead}-00000000-0123456789abcdef.tmp": "swept",
        f".classicseg-{host}-{own}-00000000-0123456789abcdef.tmp": "swept",  # an earlier process of this number
        f".classicseg-{host}-{own}-{atomic._token}-0123456789abcdef.tmp": "kept",  # another thread is at it
        f".classicseg-{host}-{os.getppid()}-00000000-0123456789abcdef.tmp": "kept",
        f".classicseg-{host}-{10**30}-00000000-0123456789abcdef.tmp": "kept",  # no number of a process
        f".classicseg-ffffffff-{dead}-00000000-0123456789abcdef.tmp": "kept",  # another machine's
        f"x.classicseg-{host}-{dead}-00000000-0123456789abcdef.tmp": "kept",
        "result.png": "kept",
    }
    for name in fates:
        (tmp_path / name).write_bytes(b"")
    (tmp_path / f".classicseg-{host}-{dead}-00000000-1123456789abcdef.tmp").mkdir()  # not to be removed: no matter
    assert {path.name for path in sweep(tmp_path)} == {name for name, fate in fates.items() if fate == "swept"}
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {
        name for name, fate in fates.items() if fate == "kept"
    }
    assert sweep(tmp_path / "nowhere") == []


@small
def test_an_interrupted_process_removes_what_its_threads_are_making(tmp_path, monkeypatch):
    ready, go = threading.Barrier(4), threading.Event()
    plainly = os.replace

    def wait(source, target):
        ready.wait(10)
        go.wait(10)
        plainly(source, target)

    failed = []

    def write(path):
        try:
            atomic_write(path, b"new")
        except FileNotFoundError as error:
            failed.append(error.filename)

    paths = [tmp_path / f"{number}.png" for number in range(3)]
    paths[0].write_bytes(b"old")
    monkeypatch.setattr(os, "replace", wait)
    threads = [threading.Thread(target=write, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    ready.wait(10)
    assert len(list(tmp_path.iterdir())) == 4
    assert sweep(tmp_path) == []  # they are our own
    discard_unfinished()
    assert list(tmp_path.iterdir()) == [paths[0]]
    go.set()
    for thread in threads:
        thread.join()
    assert sorted(failed) == [str(path) for path in paths]
    assert paths[0].read_bytes() == b"old"
    assert not atomic._unfinished


@small
def test_a_forked_child_leaves_alone_what_its_parent_makes(tmp_path, monkeypatch):
    beside = tmp_path / "beside"
    beside.write_bytes(b"")
    monkeypatch.setattr(atomic, "_unfinished", {str(beside): None})
    monkeypatch.setattr(atomic, "_token", "00000000")
    atomic._begin_anew()  # what a fork calls in the child
    discard_unfinished()
    assert beside.exists()
    assert atomic._token != "00000000"
