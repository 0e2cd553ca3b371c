"""What is installed: every package of the tree, and nothing else."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def options():
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser["options"]


def test_every_package_of_the_tree_is_listed(options):
    below = {".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "classicseg").rglob("__init__.py")}
    assert set(options["packages"].split()) == below | {"classicseg_cli"}
    assert options["package_dir"].split("=")[1].strip() == "cli"


def test_every_folder_with_modules_is_a_package():
    for module in (ROOT / "classicseg").rglob("*.py"):
        assert (module.parent / "__init__.py").is_file(), module


def test_the_wheel_holds_the_two_packages_and_the_type_marker(tmp_path):
    source = tmp_path / "source"  # a copy, since building leaves its traces in the tree
    source.mkdir()
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("classicseg", "cli"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(source)],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    top = {name.split("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == {"classicseg", "classicseg_cli"}
    assert "classicseg/py.typed" in names
    sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / "classicseg").rglob("*.py")}
    assert sources <= set(names)


def test_no_tracked_file_is_large_or_names_a_place_on_somebodys_machine():
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode:
        pytest.skip("this is no git checkout")
    places = re.compile(rb"(?<![\w./-])/(home|root|Users|tmp)/\w")
    for name in filter(None, tracked.stdout.split("\0")):
        path = ROOT / name
        if path.is_file():
            assert path.stat().st_size < 1_000_000, name
            assert path.suffix == ".png" or not places.search(path.read_bytes()), name
