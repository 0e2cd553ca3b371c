"""The table of readers, plug-ins, and what `open_dataset` takes beside folders."""

import copy
import pickle
from importlib import import_module, metadata
from pathlib import Path

import cv2
import numpy as np
import pytest

from classicseg import plugins
from classicseg.datasets import (
    Found,
    Reader,
    Sample,
    Truths,
    cityscapes,
    known_readers,
    lookup,
    open_dataset,
    voc,
)
from classicseg.datasets.declared.declaration import shipped_declaration, shipped_names
from classicseg.datasets.open import parse_spec
from classicseg.datasets.readers import BUILT_IN
from classicseg.errors import ImageError, ParameterError, PluginError, PluginWarning
from classicseg.io.read import Picture
from classicseg.metrics.kinds import TRUTH_KINDS

small = pytest.mark.small

NAMES = (
    "bsds500 bsds300 voc coco cityscapes camvid weizmann ecssd drive isbi2012 ph2 isic lgg-mri mads dsb2018 bbbc039 "
    "instances scenes"
)


@small
def test_the_table_has_every_data_set():
    assert " ".join(known_readers()) == NAMES


@small
@pytest.mark.parametrize("name", NAMES.split())
def test_each_entry_is_whole(name):
    reader = BUILT_IN[name]
    assert reader.name == name
    assert len(name) > 1  # a single letter would be a drive
    for function in filter(None, (reader.function, reader.find_splits)):
        module, _, attribute = function.partition(":")
        assert callable(getattr(import_module(module), attribute))
    assert reader.kinds
    assert set(reader.kinds) <= set(TRUTH_KINDS)
    assert reader.default_split in (None, *reader.splits)
    assert reader.default_view in ((None,) if not reader.views else reader.views)
    assert reader.summary
    assert reader.serves
    assert reader.source
    assert bool(reader.layout) == reader.needs_root


@small
@pytest.mark.parametrize("name", shipped_names())
def test_the_table_agrees_with_the_declarations_that_ship(name):
    entry, declaration = BUILT_IN[name], shipped_declaration(name)
    assert entry.options == {"name": name}
    assert set(entry.splits) == {*declaration.splits, *declaration.split_lists}
    views = {declaration.kind: declaration, **declaration.views}
    assert entry.views in ((), tuple(views))
    assert set(entry.kinds) == {each.kind for each in views.values()}
    assert declaration.source.startswith(f"{entry.source}, https://")


@small
@pytest.mark.parametrize("name", sorted(set(NAMES.split()) - {"scenes"}))
def test_a_folder_of_another_layout_is_refused_in_words(name, tmp_path):
    (tmp_path / "something").mkdir()
    with pytest.raises(ImageError, match=r"something|holds no"):
        open_dataset(f"{name}:{tmp_path}")
    with pytest.raises(ImageError, match="nowhere"):
        open_dataset(f"{name}:{tmp_path / 'nowhere'}")


# ---- what a spec means ----


@small
@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("bsds500:data/BSR", ("bsds500", Path("data/BSR"))),
        ("lgg-mri:C:\\data", ("lgg-mri", Path("C:\\data"))),
        ("C:\\data\\set", (None, Path("C:\\data\\set"))),
        ("C:/data/set", (None, Path("C:/data/set"))),
        ("bsds501:data", (None, Path("bsds501:data"))),
        ("data/set", (None, Path("data/set"))),
        ("bsds500", ("bsds500", None)),
        ("bsds500:", ("bsds500", None)),
        ("scenes", ("scenes", None)),
        ("./scenes", (None, Path("scenes"))),
        (Path("voc:x"), ("voc", Path("x"))),
    ],
)
def test_a_name_is_what_the_table_knows_and_all_else_a_path(spec, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert parse_spec(spec) == expected


@small
def test_a_folder_called_like_a_reader_is_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "camvid").mkdir()
    assert parse_spec("camvid") == (None, Path("camvid"))
    with pytest.raises(ParameterError, match=r"kind of the truths of camvid is not said.*NAME:ROOT"):
        open_dataset("camvid")


@small
def test_the_home_folder_is_found(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert parse_spec("voc:~/VOC2012") == ("voc", tmp_path / "VOC2012")


def make_camvid(root, names, split="val"):
    for folder in (split, f"{split}annot"):
        (root / folder).mkdir(parents=True, exist_ok=True)
        for name in names:
            assert cv2.imwrite(str(root / folder / f"{name}.png"), np.ones((4, 5), np.uint8))
    lines = [f"/SegNet/CamVid/{split}/{name}.png /SegNet/CamVid/{split}annot/{name}.png\n" for name in names]
    (root / f"{split}.txt").write_text("".join(lines))
    return root


@small
def test_a_reader_names_the_data_set_with_its_split(tmp_path):
    data = open_dataset(f"camvid:{make_camvid(tmp_path, 'abc')}", kind="classes", data_range=(0, 99))
    assert (data.name, data.kind, len(data), data.data_range) == ("camvid/val", "classes", 3, (0, 99))
    assert data.classes[0] == "sky"


@small
def test_wrong_splits_and_views_are_named_with_what_there_is(tmp_path):
    root = make_camvid(tmp_path, "a")
    with pytest.raises(ParameterError, match=r"split='vall' .*train, val, test\. Did you mean 'val'\?"):
        open_dataset(f"camvid:{root}", split="vall")
    with pytest.raises(ParameterError, match=r"view='instances' .*camvid has no views\. Leave it out"):
        open_dataset(f"camvid:{root}", view="instances")
    with pytest.raises(ParameterError, match=r"view='class' .*views classes, instances\. Did you mean 'classes'\?"):
        open_dataset(f"voc:{root}", view="class")
    with pytest.raises(ParameterError, match=r"split='val' .*scenes has no splits"):
        open_dataset("scenes", split="val")
    with pytest.raises(ParameterError, match=r"split='val' is not allowed for a folder of pairs"):
        open_dataset(root, kind="binary", split="val")
    with pytest.raises(ImageError, match=r"no pictures with truths of the split 'test'; there is val\."):
        open_dataset(f"camvid:{root}", split="test")
    with pytest.raises(ParameterError, match=r"pictures of camvid has a truth of kind='binary'; they have 'classes'"):
        open_dataset(f"camvid:{root}", kind="binary")


@small
def test_a_root_is_wanted_where_there_are_files_and_only_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for spec in ("camvid", "camvid:"):
        with pytest.raises(ParameterError, match=r"camvid needs its folder: say camvid:ROOT"):
            open_dataset(spec)
    with pytest.raises(ParameterError, match="scenes has no folder; say scenes alone"):
        open_dataset("scenes:somewhere")


@small
def test_what_is_missing_stops_it_with_three_things_the_count_and_the_cure(tmp_path):
    root = make_camvid(tmp_path, "abcde")
    for name in "abcd":
        (root / "valannot" / f"{name}.png").unlink()
    with pytest.raises(ImageError) as caught:
        open_dataset(f"camvid:{root}")
    message = str(caught.value)
    assert "4 things are missing: valannot/a.png" in message
    assert message.count("is not there") == 3
    assert f"`classicseg datasets check camvid {root}` tells all" in message
    (root / "valannot" / "e.png").unlink()
    for name in "abcd":
        assert cv2.imwrite(str(root / "valannot" / f"{name}.png"), np.ones((4, 5), np.uint8))
    with pytest.raises(ImageError, match=r"1 thing is missing: valannot/e\.png, named by val\.txt, is not there\. `"):
        open_dataset(f"camvid:{root}")


@small
def test_a_misspelt_name_is_guessed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ImageError, match=r"'bsd500:data' is not known.*Did you mean 'bsds500'\?.*datasets list"):
        open_dataset("bsd500:data")


@small
def test_a_declaration_is_opened_by_its_path(tmp_path):
    for part in ("photos", "masks"):
        (tmp_path / part).mkdir()
        np.save(tmp_path / part / "a.npy", np.eye(4, dtype=np.uint8) * 255)
    path = tmp_path / "mine.TOML"
    path.write_text('kind = "binary"\nimages = "photos/{name}.npy"\ntruth = "masks/{name}.npy"\n')
    data = open_dataset(path)
    assert (data.name, data.kind, len(data)) == ("mine", "binary", 1)
    np.testing.assert_array_equal(data.samples[0].read_truths()[0], np.eye(4))
    np.save(tmp_path / "photos" / "b.npy", np.eye(4, dtype=np.uint8))
    with pytest.raises(ImageError, match=r"1 thing is missing: .*b\.npy.*`classicseg datasets check .*mine\.TOML`"):
        open_dataset(path)


@small
def test_a_declaration_takes_a_root(tmp_path):
    for part in ("photos", "masks"):
        (tmp_path / "set" / part).mkdir(parents=True)
        np.save(tmp_path / "set" / part / "a.npy", np.eye(4, dtype=np.uint8) * 255)
    path = tmp_path / "mine.toml"
    path.write_text('kind = "binary"\nimages = "photos/{name}.npy"\ntruth = "masks/{name}.npy"\n')
    data = open_dataset(f"{path}:{tmp_path / 'set'}")
    assert (data.name, len(data)) == ("mine", 1)
    assert parse_spec("C:\\a.TOML:D:\\set") == ("C:\\a.TOML", Path("D:\\set"))
    assert parse_spec("a.toml") == (None, Path("a.toml"))
    assert parse_spec("a.toml:") == (None, Path("a.toml:"))
    with pytest.raises(ImageError, match=r"the root .*nowhere does not exist"):
        open_dataset(f"{path}:{tmp_path / 'nowhere'}")
    np.save(tmp_path / "set" / "photos" / "b.npy", np.eye(4, dtype=np.uint8))
    with pytest.raises(ImageError, match=r"`classicseg datasets check .*mine\.toml .*set` tells all"):
        open_dataset(f"{path}:{tmp_path / 'set'}")


@small
def test_a_data_set_can_be_handed_to_another_process(tmp_path):
    data = pickle.loads(pickle.dumps(open_dataset(f"camvid:{make_camvid(tmp_path, 'ab')}")))
    assert (len(data), data.classes[3]) == (2, "road")
    assert data.samples[1].read().truths[0].shape == (4, 5)
    assert copy.deepcopy(data).classes == data.classes
    for reader, view in ((voc, "instances"), (cityscapes, "trainIds"), (cityscapes, "labelIds")):
        for folder in ("JPEGImages", "SegmentationClass", "ImageSets", "leftImg8bit", "gtFine"):
            (tmp_path / folder).mkdir(exist_ok=True)
        found = pickle.loads(pickle.dumps(reader.read(tmp_path, view=view)))
        assert len(found.classes) > 18


@small
def test_another_view_is_named_only_where_it_has_another_kind(tmp_path):
    (tmp_path / "images" / "test").mkdir(parents=True)
    (tmp_path / "human" / "color" / "1").mkdir(parents=True)
    (tmp_path / "iids_test.txt").write_text("7\n")
    (tmp_path / "images" / "test" / "7.jpg").touch()
    (tmp_path / "human" / "color" / "1" / "7.seg").touch()
    with pytest.raises(ParameterError, match=r"kind='binary'; they have 'classes'.*leave the kind out\.$"):
        open_dataset(f"bsds300:{tmp_path}", kind="binary")


# ---- plug-ins ----


def read_dots(root, *, split=None, view=None, count, period=9):
    picture = Picture(array=np.zeros((3, 4), np.uint8), mask=None, color=None, name="a")
    names = [f"dot{number % period}" for number in range(count)]
    truths = Truths((np.ones((3, 4), np.int32),))
    return Found(tuple(Sample(name, "binary", lambda: picture, lambda: truths) for name in names), data_range=(0, 7))


def read_nonsense(root, *, split=None, view=None):
    return [root]


def reader(name, function="read_dots", **more):
    settings = {"summary": "dots", "serves": "dots", "kinds": ("binary",), "source": "here", "layout": ("x",)}
    return Reader(name=name, function=f"{__name__}:{function}", **{**settings, **more})


DOTS = reader("dots", options={"count": 2})
TWICE = reader("twice", options={"count": 3, "period": 2})
ODD = reader("odd", "read_nonsense")
LOST = reader("lost", "read_nothing")
MISNAMED = DOTS
NO_READER = "text"


@pytest.fixture
def installed(monkeypatch):
    """Entry points as installed packages have them."""

    def install(**values):
        entries = [metadata.EntryPoint(name, value, lookup.GROUP) for name, value in values.items()]
        monkeypatch.setattr(metadata, "entry_points", lambda group: entries if group == lookup.GROUP else [])
        plugins.found.cache_clear()

    yield install
    plugins.found.cache_clear()


@small
def test_a_plug_in_is_opened_like_any_other(installed, tmp_path):
    installed(dots=f"{__name__}:DOTS")
    data = open_dataset(f"dots:{tmp_path}")
    assert (data.name, len(data), data.kind, data.data_range) == ("dots", 2, "binary", (0, 7))
    assert list(known_readers())[-1] == "dots"


@small
def test_two_samples_of_one_name_are_refused_whoever_read_them(installed, tmp_path):
    installed(twice=f"{__name__}:TWICE")
    with pytest.raises(ImageError, match=r"two samples are called 'dot0': None and None"):
        open_dataset(f"twice:{tmp_path}")


@small
def test_plug_ins_that_are_wrong_are_named(installed, tmp_path):
    installed(
        odd=f"{__name__}:ODD",
        lost=f"{__name__}:LOST",
        misnamed=f"{__name__}:MISNAMED",
        text=f"{__name__}:NO_READER",
        gone="nowhere_at_all:READER",
    )
    with pytest.raises(PluginError, match=r"'odd' .*gave list where a Found is wanted"):
        open_dataset(f"odd:{tmp_path}")
    with pytest.raises(ParameterError, match=r"'lost' .*cannot be loaded.*read_nothing"):
        open_dataset(f"lost:{tmp_path}")
    for name in ("misnamed", "text"):
        with pytest.raises(ParameterError, match=rf"is no classicseg\.datasets\.Reader with name='{name}'"):
            open_dataset(f"{name}:{tmp_path}")
    with pytest.raises(ParameterError, match=r"data set 'gone' .*cannot be loaded: ModuleNotFoundError"):
        open_dataset(f"gone:{tmp_path}")
    with pytest.warns(PluginWarning) as caught:
        found = known_readers()
    assert list(found)[-2:] == ["lost", "odd"]
    assert len(caught) == 3


@small
def test_a_plug_in_does_not_take_a_name_of_ours(installed):
    installed(voc=f"{__name__}:DOTS")
    with pytest.warns(PluginWarning, match=r"'voc' .*classicseg has that name already"):
        names = lookup.reader_names()
    assert names == list(BUILT_IN)
    assert lookup.find_reader("voc") is BUILT_IN["voc"]
