"""Folders that cannot be written, a disk that is full, pictures that go away: a clear line each, and the rest done.

Root may write everywhere, so that taking rights away stops nobody in a container. The folders are mounted instead: as
read-only, and as a small tmpfs, in a mount name space of their own, which ends with the process.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.hardening.batches import small_pictures
from benchmarks.hardening.runs import (
    Ended,
    arguments_of_run,
    end,
    files_in,
    finish,
    start,
    temporaries,
    unfit,
    without_time,
)

_COUNT = 40
_METHOD = "multiotsu"
# Folder, options of the mount, then a command: run it there, copy what it left, widen the disk, run it again.
_READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" || exit 97; shift; exec "$@"'
_SMALL = (
    'disk=$1; copy=$2; shift 2; mount -t tmpfs -o size=1m tmpfs "$disk" || exit 97; "$@"; code=$?; '
    'cp -a "$disk" "$copy/full"; mount -o remount,size=64m "$disk" || exit 97; "$@" >/dev/null 2>&1; again=$?; '
    'cp -a "$disk" "$copy/again"; echo "$again" > "$copy/code"; exit $code'
)


def try_disks() -> list[str]:
    """All of them; what is not well."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small_pictures(folder / "in", _COUNT)
        if (ended := finish(_arguments(folder, folder / "whole"))).code:
            return [f"the undisturbed batch: exit code {ended.code}: {ended.err[-400:]}"]
        whole = files_in(folder / "whole")
        problems = _below_a_file(folder) + _deleted(folder, whole)
        if not _can_mount():
            print("skipped: a read-only folder and a full disk, since nothing can be mounted here (needs root, Linux)")
            return problems
        return problems + _read_only(folder, whole) + _part_read_only(folder, whole) + _full(folder, whole)


def _arguments(folder: Path, output: Path) -> list[str]:
    return arguments_of_run(_METHOD, [folder / "in"], output)


def _below_a_file(folder: Path) -> list[str]:
    (folder / "file").write_bytes(b"")
    ended = finish(_arguments(folder, folder / "file" / "out"))
    return _judged("output folder below a file", ended, {}, {}, code=1, failed=_COUNT)


def _read_only(folder: Path, whole: dict[str, bytes]) -> list[str]:
    output = folder / "read_only"
    output.mkdir()
    ended = finish(_apart(_READ_ONLY, [str(output), *_arguments(folder, output)]))
    return _judged("read-only output folder", ended, files_in(output), whole, code=1, failed=_COUNT)


def _part_read_only(folder: Path, whole: dict[str, bytes]) -> list[str]:
    output = folder / "part"
    (output / "second").mkdir(parents=True)
    ended = finish(_apart(_READ_ONLY, [str(output / "second"), *_arguments(folder, output)]))
    return _judged("read-only sub-folder", ended, files_in(output), whole, code=3, failed=_COUNT // 2)


def _full(folder: Path, whole: dict[str, bytes]) -> list[str]:
    disk, copy = folder / "disk", folder / "copy"
    disk.mkdir()
    copy.mkdir()
    ended = finish(_apart(_SMALL, [str(disk), str(copy), *_arguments(folder, disk)]))
    files = files_in(copy / "full")
    problems = _judged("full disk (tmpfs of 1 MiB)", ended, files, whole, code=3, failed=_COUNT - _records(files))
    again, code = files_in(copy / "again"), (copy / "code").read_text().strip()
    same = without_time(again) == without_time(whole) and not temporaries(again)
    print(f"the disk made larger, and started again: exit code {code}, {'the same' if same else 'NOT the same'} files")
    return problems + ([] if same and code == "0" else ["once there is room again, the batch does not come whole"])


def _deleted(folder: Path, whole: dict[str, bytes]) -> list[str]:
    """A quarter of the pictures goes away while the batch runs."""
    inputs, output = folder / "passing", folder / "deleted"
    paths = small_pictures(inputs, _COUNT)
    process = start(arguments_of_run(_METHOD, [inputs], output))
    while process.poll() is None and not list(output.rglob("*.json")):
        time.sleep(0.002)
    going = paths[-_COUNT // 4 :]
    for path in going:
        path.unlink()
    ended = end(process)
    problems = _judged("inputs deleted meanwhile", ended, files_in(output), whole, code=3, failed=len(going))
    unnamed = [str(path) for path in going if not any(str(path) in line for line in ended.complaints)]
    return problems + [f"no line names {path}, which went away" for path in unnamed]


def _judged(
    what: str, ended: Ended, files: dict[str, bytes], whole: dict[str, bytes], *, code: int, failed: int
) -> list[str]:
    """Exit code, one clear line a picture that failed, the others whole, nothing half-written."""
    lines = ended.complaints
    print(f"{what}: exit code {ended.code}, {_records(files)} pictures done, {len(lines)} lines such as: {lines[:1]}")
    theirs = without_time(whole)
    # Records tell the path of their input, which is another one where pictures may go away.
    others = {name: content for name, content in without_time(files).items() if not name.endswith(".json")}
    problems = unfit(files) + [f"{name} is not whole" for name, content in others.items() if content != theirs[name]]
    if ended.crashed():
        problems.append(ended.crashed())
    if ended.code != code:
        problems.append(f"exit code {ended.code} in place of {code}")
    if len(lines) != failed or len(ended.err.splitlines()) != failed:
        problems.append(f"{len(ended.err.splitlines())} lines on stderr for {failed} pictures that failed")
    if whole and _records(files) != _COUNT - failed:
        problems.append(f"{_records(files)} pictures done in place of {_COUNT - failed}")
    if temporaries(files):
        problems.append(f"temporary files are left: {temporaries(files)[:3]}")
    return [f"{what}: {problem}" for problem in problems]


def _records(files: dict[str, bytes]) -> int:
    return sum(name.endswith(".json") for name in files)


def _apart(script: str, arguments: Sequence[str]) -> list[str]:
    """A shell in a mount name space of its own, as its root; the user's own root where it is none."""
    mapped = [] if os.geteuid() == 0 else ["--map-root-user"]
    return ["unshare", *mapped, "--mount", "sh", "-c", script, "sh", *arguments]


def _can_mount() -> bool:
    with tempfile.TemporaryDirectory() as name:
        try:
            probe = _apart('mount -t tmpfs -o size=64k tmpfs "$1"', [name])
            return subprocess.run(probe, capture_output=True, check=False).returncode == 0
        except OSError:  # no such program
            return False
