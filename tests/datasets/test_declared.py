"""Declared data sets: the TOML is checked, files are found by their patterns, and what is missing is named."""

from __future__ import annotations

import os
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from classicseg.datasets.declared import read_declared
from classicseg.datasets.declared.declaration import parse_declaration, read_declaration
from classicseg.datasets.declared.find import find, splits_there
from classicseg.datasets.declared.patterns import Pattern, problem
from classicseg.errors import ImageError, ParameterError

pytestmark = pytest.mark.small

PAGE = (Path(__file__).parents[2] / "docs" / "declaring-a-data-set.md").read_text(encoding="utf-8")
PLAIN = 'kind = "binary"\nimages = "photos/{name}.png"\ntruth = "masks/{name}.png"\n'


def put(root, *paths, shape=(6, 8), value=0):
    """Write pictures of one value."""
    for path in paths:
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.suffix in (".txt", ""):
            target.write_text("")
        else:
            Image.fromarray(np.full(shape, value, np.uint8)).save(target)


def declare(root, text, **wanted):
    return find(parse_declaration(text.encode(), "mine.toml"), root, **wanted)


def names(found):
    return [sample.name for sample in found.samples]


def tree(root):
    return [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()]


# ---- the documentation ----


def examples():
    found = re.findall(r"```text\n(.*?)```\s*```toml\n(.*?)```\s*Samples: (.*?)\.\s", PAGE, flags=re.DOTALL)
    return [(text.split(), toml, re.findall("`(.*?)`", samples)) for text, toml, samples in found]


def test_the_documentation_has_an_example_of_each_kind():
    assert len(examples()) == PAGE.count("```toml") == 6


@pytest.mark.parametrize("example", examples(), ids=lambda example: example[0][0])
def test_the_examples_of_the_documentation_give_what_they_say(tmp_path, example):
    paths, toml, samples = example
    put(tmp_path, *paths)
    (tmp_path / "mine.toml").write_text(toml, encoding="utf-8")
    found = read_declared(tmp_path / "mine.toml")
    assert names(found) == samples
    assert found.missing == ()
    for sample in found.samples:
        loaded = pickle.loads(pickle.dumps(sample)).read()
        assert loaded.image.array.shape == (6, 8)
        assert sample.path.is_relative_to(tmp_path)


def test_the_documentation_names_every_key():
    from classicseg.datasets.declared import declaration, encoding

    table = PAGE.split("## The keys")[1].split("\n## ")[0]
    assert set(declaration._KEYS) == {
        key for row in re.findall(r"^\| (`.*?) \|", table, flags=re.MULTILINE) for key in re.findall("`(.*?)`", row)
    }
    for keys in encoding._KEYS.values():
        for key in keys:
            assert re.search(rf"`(?:\[encoding\.)?{key}\b", PAGE), key


# ---- patterns ----

FILES = ("a/x.png", "a/y.PNG", "a/b/x.png", "a/b/c/z_1.png", "a/b/c/z_2.jpg", "top.png", ".hidden/x.png", "a/._x.png")


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a/{name}.png", {("", "x"): "a/x.png"}),
        ("a/{name}.{png,PNG}", {("", "x"): "a/x.png", ("", "y"): "a/y.PNG"}),
        ("{name}.png", {("", "top"): "top.png"}),
        ("a/*/{name}.png", {("", "x"): "a/b/x.png"}),
        ("*/{name}.png", {("", "x"): "a/x.png"}),
        ("a/**/{name}_1.png", {("", "z"): "a/b/c/z_1.png"}),
        ("a/{folder}/{name}.png", {("", "x"): "a/x.png", ("b/", "x"): "a/b/x.png", ("b/c/", "z_1"): "a/b/c/z_1.png"}),
        ("{folder}/c/{name}_2.jpg", {("a/b/", "z"): "a/b/c/z_2.jpg"}),
        ("a/b/c/z_{name}.*", {("", "1"): "a/b/c/z_1.png", ("", "2"): "a/b/c/z_2.jpg"}),
        ("{name}/b/c/z_1.png", {("", "a"): "a/b/c/z_1.png"}),
        ("nowhere/{name}.png", {}),
    ],
)
def test_patterns_find_files_and_what_pairs_them(tmp_path, pattern, expected):
    put(tmp_path, *FILES)
    assert dict(Pattern(pattern).find(tmp_path)) == expected


def test_a_placeholder_that_comes_twice_is_the_same_text(tmp_path):
    put(tmp_path, "a/a.png", "a/b.png", "b/a_b/b.png", "x/y/x/y/1.png", "x/y/x/z/1.png")
    assert [key for key, _ in Pattern("{name}/{name}.png").find(tmp_path)] == [("", "a")]
    assert [key for key, _ in Pattern("{name}/*_{name}/{name}.png").find(tmp_path)] == [("", "b")]
    found = Pattern("{folder}/{folder}/{name}.png").find(tmp_path)
    assert ("x/y/", "1") in dict(found)


def test_characters_of_regular_expressions_stand_for_themselves(tmp_path):
    put(tmp_path, "a+b (1)/x.png", "a+b (1)/xpng.png", "aab (1)/x.png")
    assert sorted(key[1] for key, _ in Pattern("a+b (1)/{name}.png").find(tmp_path)) == ["x", "xpng"]


@pytest.mark.skipif(not hasattr(os, "symlink") or os.name == "nt", reason="links need a privilege here")
def test_links_are_followed_but_never_in_a_ring(tmp_path):
    put(tmp_path / "data", "a/x.png")
    (tmp_path / "data" / "a" / "ring").symlink_to(tmp_path / "data")
    (tmp_path / "root").symlink_to(tmp_path / "data")
    assert [key for key, _ in Pattern("**/{name}.png").find(tmp_path / "root")] == [("", "x")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (3, "a pattern is a text"),
        ("", "a pattern is a text"),
        ("a\\{name}.png", "backslash"),
        ("/a/{name}.png", "begins below the root"),
        ("C:/{name}.png", "begins below the root"),
        ("a/../{name}.png", "begins below the root"),
        ("a//{name}.png", "begins below the root"),
        ("a/{nam}.png", r"placeholder \{nam\}.*Did you mean 'name'"),
        ("a/{name.png", "brace without its partner"),
        ("a/x{folder}/{name}.png", r"'\{folder\}' beside other text"),
        ("a/x**/{name}.png", r"'\*\*' beside other text"),
        ("a/**", r"'\*\*' beside other text or at the end"),
    ],
)
def test_texts_that_are_no_patterns_are_told_apart(text, words):
    assert re.search(words, problem(text))


# ---- the declaration ----


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kind = ", r"is no TOML file"),
        ('kind = "binary"\nimages = "a/{name}.png"', "has neither of truth and truths"),
        (PLAIN + 'truths = ["b/{name}.png"]', "has both of truth and truths"),
        (PLAIN.replace("kind", "kinds"), r"the key 'kinds' is not known.*Did you mean 'kind'\?"),
        (
            PLAIN.replace("binary", "binari"),
            r"kind = 'binari'.*'binary', 'classes', 'instances'\. Did you mean 'binary'",
        ),
        ('images = "a/{name}"\ntruth = "b/{name}"', "has no kind"),
        ('kind = "binary"\ntruth = "b/{name}"', "has no images"),
        (PLAIN.replace("photos/{name}", "photos/x"), r"has no \{name\}"),
        (PLAIN.replace("masks/", "masks/{folder}/"), "pair files by different placeholders"),
        (PLAIN.replace("masks", "photos"), "is there twice"),
        (PLAIN + 'size = "nearst"', r"size = 'nearst'.*Did you mean 'nearest'\?"),
        (PLAIN + "stack = 1", "stack = 1 is not allowed; it is true or false"),
        (PLAIN + "data_range = [4095, 0]", r"data_range = \[4095, 0\].*low < high"),
        (PLAIN + 'data_range = "images"', "data_range = 'images'"),
        (PLAIN + "root = 3", "root = 3 is not allowed; it is a text"),
        (PLAIN + 'start = ["../up"]', "a folder below the root"),
        (PLAIN + "[classes]\none = 'x'", "a table of numbers and names"),
        (PLAIN + "[splits]\ntrain = 'Train'", r"images = .* and \[splits\] go together"),
        (PLAIN.replace("photos", "{split}"), r"and \[splits\] go together"),
        (PLAIN.replace("masks", "{split}"), r"has \{split\} in a pattern, but not in images"),
        (PLAIN + "[split_lists]\ntrain = 3", "the lists' paths below the root"),
        (PLAIN + "[split_lists]\ntrain = 'x.txt'\n[splits]\ntrain = 'x'", "has both splits and split_lists"),
        (PLAIN + 'sample_name = "{split}"', "is a text with {name}"),
        (PLAIN + "[views]\nx = 3", r"each is a table under \[views\.NAME\]"),
        (PLAIN + "[views.binary]\nsize = 'crop'", "views.binary is not allowed"),
        (PLAIN + "[views.x]\nroot = 'y'", "views.x: the key 'root' is not known"),
        (PLAIN + "[views.x]\nkind = 'classes'\nencoding.type = 'threshold'", "views.x: encoding.type = 'threshold'"),
        (PLAIN + "alternatives = 3", r"each is a table under \[\[alternatives\]\]"),
        (PLAIN + "[[alternatives]]\nkind = 'classes'", r"alternatives\[0\]: the key 'kind' is not known"),
        (PLAIN + "encoding = 3", "it is a table"),
        (PLAIN + "[encoding]\ntype = 'treshold'", r"'treshold'.*'threshold', 'values', 'colours'\. Did you mean"),
        (PLAIN + "[encoding]\ntype = 'palette'", "with kind = 'binary' it is one of"),
        (PLAIN + "[encoding]\ntype = 'threshold'\nabov = 1", r"encoding\.abov is not known.*Did you mean 'above'"),
        (PLAIN + "[encoding]\ntype = 'threshold'\nabove = nan", r"encoding\.above = nan .* it is a number"),
        (PLAIN + "[encoding]\ntype = 'threshold'\nabove = 1\nbelow = 2", "both encoding.above and encoding.below"),
        (PLAIN + "[encoding]\ntype = 'threshold'\nvoid = 'x'", "an integer or a list of integers"),
        (PLAIN + "[encoding]\ntype = 'threshold'\nchannel = -1", "the number of a channel"),
        (PLAIN + "[encoding]\ntype = 'values'", "encoding.values = None is not allowed"),
        (PLAIN + "[encoding]\ntype = 'values'\nvalues = {255 = 2}", "0 or 1, since the kind is 'binary'"),
        (PLAIN + "[encoding]\ntype = 'values'\nvalues = {'a' = 1}", "its keys are the integers"),
        (PLAIN + "[encoding]\ntype = 'values'\nvalues = {1 = 1, 01 = 0}", "has '01' twice"),
        (PLAIN + "[encoding]\ntype = 'colours'\ncolours = {'#ff00' = 1}", "a colour is a text such as"),
        (PLAIN + "[encoding]\ntype = 'colours'\ncolours = {'1, 2, 256' = 1}", "a colour is a text such as"),
        (PLAIN + "[encoding]\ntype = 'colours'\nothers = 'x'\ncolours = {'1, 2, 3' = 1}", "'error' or 'void'"),
    ],
)
def test_wrong_declarations_are_refused_with_the_key_and_the_cure(text, words):
    with pytest.raises(ParameterError, match=words) as refusal:
        parse_declaration(text.encode(), "mine.toml")
    assert str(refusal.value).startswith("mine.toml")


def test_a_declaration_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(ParameterError, match=r"nowhere\.toml cannot be read"):
        read_declaration(tmp_path / "nowhere.toml")
    with pytest.raises(ParameterError, match=r"cannot be read \(embedded null"):
        read_declaration("mine\0.toml")
    (tmp_path / "latin.toml").write_bytes(b'about = "\xe9"')
    with pytest.raises(ParameterError, match=r"latin\.toml is no TOML file in UTF-8"):
        read_declaration(tmp_path / "latin.toml")
    (tmp_path / "bom.toml").write_bytes(b"\xef\xbb\xbf" + PLAIN.encode())  # as some editors write it
    assert read_declaration(tmp_path / "bom.toml").kind == "binary"


# ---- finding ----


def test_the_root_is_that_of_the_call_of_the_file_or_where_the_file_is(tmp_path):
    for place, name in (("", "here"), ("beside", "there"), ("elsewhere", "called")):
        put(tmp_path / place, f"photos/{name}.png", f"masks/{name}.png")
    (tmp_path / "a.toml").write_text(PLAIN)
    (tmp_path / "b.toml").write_text(PLAIN + 'root = "beside"')
    assert names(read_declared(tmp_path / "a.toml")) == ["here"]
    assert names(read_declared(str(tmp_path / "b.toml"))) == ["there"]
    assert names(read_declared(tmp_path / "b.toml", root=tmp_path / "elsewhere")) == ["called"]


def test_samples_come_in_natural_order_and_without_a_partner_is_named(tmp_path):
    put(tmp_path, *(f"photos/{name}.png" for name in ("10", "9", "lone", "1")))
    put(tmp_path, *(f"masks/{name}.png" for name in ("1", "9", "10", "left")))
    found = declare(tmp_path, PLAIN)
    assert names(found) == ["1", "9", "10"]
    assert found.missing == (
        "picture photos/lone.png has no truth: masks/lone.png is not there",
        "truth masks/left.png has no picture: photos/left.png is not there",
    )


def test_a_root_without_the_layout_is_refused(tmp_path):
    put(tmp_path, "other/a.png")
    with pytest.raises(ImageError, match=r"holds no picture at photos/\{name\}\.png \(there: other\)"):
        declare(tmp_path, PLAIN)
    with pytest.raises(ImageError, match="nowhere does not exist; a folder is wanted"):
        declare(tmp_path / "nowhere", PLAIN)
    with pytest.raises(ImageError, match=r"a\.png is a file; a folder is wanted"):
        declare(tmp_path / "other" / "a.png", PLAIN)
    put(tmp_path, "masks/a.png")
    found = declare(tmp_path, PLAIN)
    assert found.samples == ()
    assert found.missing == ("truth masks/a.png has no picture: photos/a.png is not there",)


def test_two_files_in_one_place_are_refused(tmp_path):
    put(tmp_path, "photos/1/a.png", "photos/2/a.png", "masks/a.png")
    with pytest.raises(ImageError, match=r"1.a\.png and .*2.a\.png stand in the same place \(a\).*\{folder\}"):
        declare(tmp_path, PLAIN.replace("photos", "photos/*"))


def test_a_file_belongs_to_the_pattern_that_has_most_written_out(tmp_path):
    put(tmp_path, "a.png", "a_mask.png", "b_x.png", "b.png")
    same = 'kind = "binary"\nimages = "{name}.png"\ntruth = "{name}_mask.png"'
    assert names(declare(tmp_path, same)) == ["a"]
    turned = 'kind = "binary"\nimages = "{name}_x.png"\ntruth = "{name}.png"'
    assert names(declare(tmp_path, turned)) == ["b"]


def test_the_first_start_and_the_first_layout_with_pictures_are_taken(tmp_path):
    text = PLAIN + 'start = ["in/side", "."]\n[[alternatives]]\nimages = "{name}.png"\ntruth = "{name}_m.png"'
    put(tmp_path, "in/side/x.png", "in/side/x_m.png")
    assert names(declare(tmp_path, text)) == ["x"]
    put(tmp_path, "photos/y.png", "masks/y.png")
    assert names(declare(tmp_path, text)) == ["y"]
    put(tmp_path, "in/side/photos/z.png", "in/side/masks/z.png")
    assert names(declare(tmp_path, text)) == ["z"]


SPLIT = """
kind = "binary"
images = "{split}/{name}.png"
truth = "{split}-truth/{name}.png"
splits = {train = "Training", val = "Val"}
"""


def test_splits_by_words(tmp_path):
    put(tmp_path, "Training/b.png", "Training-truth/b.png", "Training/c.png", "Val/a.png", "Val-truth/a.png")
    found = declare(tmp_path, SPLIT)
    assert names(found) == ["b", "a"]  # by split, then by name
    assert found.missing == ("picture Training/c.png has no truth: Training-truth/c.png is not there",)
    found = declare(tmp_path, SPLIT, split="val")
    assert names(found) == ["a"]
    assert found.missing == ()
    with pytest.raises(ParameterError, match=r"no split 'vall'; it has 'train', 'val'\. Did you mean 'val'\?"):
        declare(tmp_path, SPLIT, split="vall")


def test_a_split_that_is_not_there_is_missing_and_refused_where_it_is_asked_for(tmp_path):
    put(tmp_path, "Training/b.png", "Training-truth/b.png")
    assert declare(tmp_path, SPLIT).missing == ("split 'val': nothing at Val/{name}.png",)
    with pytest.raises(ImageError, match=r"no picture of the split 'val' at Val/\{name\}\.png \(there: Training"):
        declare(tmp_path, SPLIT, split="val")
    put(tmp_path / "plain", "photos/a.png", "masks/a.png")
    with pytest.raises(ParameterError, match="no split 'val'; it has none"):
        declare(tmp_path / "plain", PLAIN, split="val")


def test_names_that_two_splits_share_need_another_shape(tmp_path):
    put(tmp_path, *(f"{folder}/a.png" for folder in ("Training", "Training-truth", "Val", "Val-truth")))
    with pytest.raises(ImageError, match=r"are both called 'a'.*sample_name = '\{split\}/\{name\}'"):
        declare(tmp_path, SPLIT)
    assert names(declare(tmp_path, SPLIT, split="val")) == ["a"]
    found = declare(tmp_path, 'sample_name = "{split}/{name}"\n' + SPLIT)
    assert names(found) == ["train/a", "val/a"]
    assert found.samples[0].read_image().name == "train_a"


def test_splits_by_lists(tmp_path):
    put(tmp_path, *(f"{folder}/{name}.png" for folder in ("photos", "masks") for name in ("a", "b.c", "d", "e")))
    (tmp_path / "list.txt").write_text("\ufeffd.png\r\n\r\n  photos/b.c.png \nphotos\nb.c\na", encoding="utf-8")
    text = PLAIN + '[split_lists]\nval = "list.txt"\ntest = "none.txt"'
    assert names(declare(tmp_path, text)) == ["a", "b.c", "d", "e"]
    found = declare(tmp_path, text, split="val")
    assert names(found) == ["d", "b.c", "a"]  # in the order of the list, each once
    assert found.missing == ("the list list.txt names photos, which is no picture with a truth",)
    with pytest.raises(ImageError, match=r"list of the split 'test', .*none\.txt, is not there"):
        declare(tmp_path, text, split="test")


def test_what_a_list_leaves_out_is_no_matter(tmp_path):
    put(tmp_path, *(f"{folder}/{name}.png" for folder in ("photos", "masks") for name in "ab"))
    put(tmp_path, "photos/c.png", "photos/d.png", "masks/e.png")  # as VOC has pictures without a truth
    (tmp_path / "val.txt").write_text("b\na\n")
    (tmp_path / "all.txt").write_text("a\nc\ne\n")
    text = PLAIN + '[split_lists]\nval = "val.txt"\nall = "all.txt"'
    found = declare(tmp_path, text, split="val")
    assert (names(found), found.missing) == (["b", "a"], ())
    found = declare(tmp_path, text, split="all")
    assert names(found) == ["a"]
    assert found.missing == (
        "picture photos/c.png has no truth: masks/c.png is not there",
        "truth masks/e.png has no picture: photos/e.png is not there",
    )
    assert len(declare(tmp_path, text).missing) == 3


DEEP = 'kind = "binary"\nimages = "i/{folder}/{name}.png"\ntruth = "t/{folder}/{name}.png"\n'


def test_folders_in_a_list_count_where_the_patterns_have_them(tmp_path):
    put(tmp_path, *(f"{half}/{name}.png" for half in "it" for name in ("a", "x/b", "x/c", "y/c")))
    text = DEEP + 'split_lists = {val = "val.txt"}'
    (tmp_path / "val.txt").write_text("y/a.png\nx\\b.png\ny/c\na\nc\n")
    found = declare(tmp_path, text, split="val")
    assert names(found) == ["x/b", "y/c", "a"]
    assert found.missing == (
        "the list val.txt names y/a.png, which is no picture with a truth",
        "the list val.txt names c, which is no picture with a truth",
    )
    short = declare(tmp_path, 'sample_name = "{name}"\n' + text, split="val")
    assert names(short) == ["b", "c", "a"]
    assert short.missing[1] == "the list val.txt names c, which is several pictures"


def test_lines_of_a_list_that_differ_in_their_folders_do_not_mean_one_picture(tmp_path):
    put(tmp_path, "photos/a.png", "masks/a.png")
    (tmp_path / "val.txt").write_text("x/a.png\na\nx/a.jpg\ny\\a.png\n")
    found = declare(tmp_path, PLAIN + 'split_lists = {val = "val.txt"}', split="val")
    assert names(found) == ["a"]
    assert found.missing == ("the list val.txt names y\\a.png and x/a.png, which both mean one picture",)


def test_a_sample_name_without_folders_has_none(tmp_path):
    put(tmp_path, *(f"{half}/{name}.png" for half in "it" for name in ("p1/a", "p2/b")))
    assert names(declare(tmp_path, DEEP)) == ["p1/a", "p2/b"]
    assert names(declare(tmp_path, DEEP + 'sample_name = "{name}"')) == ["a", "b"]
    put(tmp_path, "i/p2/a.png", "t/p2/a.png")
    with pytest.raises(ImageError, match="are both called 'a'"):
        declare(tmp_path, DEEP + 'sample_name = "{name}"')


def test_the_splits_that_are_there(tmp_path):
    put(tmp_path, "Training/b.png", "Training-truth/b.png", "Val/a.png")
    made = parse_declaration(SPLIT.encode())
    assert splits_there(made, tmp_path) == ("train",)  # a truth is wanted too
    put(tmp_path, "Val-truth/c.png")
    assert splits_there(made, tmp_path) == ("train", "val")
    assert splits_there(made, tmp_path / "nowhere") == ()
    put(tmp_path, "val.txt")
    listed = parse_declaration((PLAIN + 'split_lists = {val = "val.txt", test = "test.txt"}').encode())
    assert splits_there(listed, tmp_path) == ("val",)
    one_folder = 'kind = "binary"\nimages = "{split}_{name}.png"\ntruth = "{name}_{split}.png"\n'
    put(tmp_path, "v_1.png", "1_v.png", "t_2.png")
    words = parse_declaration((one_folder + 'splits = {val = "v", test = "t"}').encode())
    assert splits_there(words, tmp_path) == ("val",)


GRADERS = 'kind = "binary"\nimages = "i/{name}.png"\ntruths = ["one/{name}.png", "two/{name}.png"]\n'


def test_several_graders_of_whom_none_may_lack_unless_it_is_said(tmp_path):
    put(tmp_path, "i/a.png", "i/b.png", "i/c.png", "one/a.png", "one/b.png", "two/a.png")
    found = declare(tmp_path, GRADERS)
    assert names(found) == ["a"]
    assert len(found.samples[0].read().truths) == 2
    assert found.missing == (
        "picture i/b.png has no truth: two/b.png is not there",
        "picture i/c.png has no truth: one/c.png is not there",
        "picture i/c.png has no truth: two/c.png is not there",
    )
    found = declare(tmp_path, GRADERS + "optional_graders = true")
    assert [len(sample.read().truths) for sample in found.samples] == [2, 1]
    assert found.missing == (
        "picture i/c.png has no truth: one/c.png is not there",
        "picture i/c.png has no truth: two/c.png is not there",
    )


def test_views_replace_keys(tmp_path):
    text = PLAIN + 'classes = {1 = "x"}\n[views.objects]\nkind = "instances"\nencoding.type = "components"\n'
    text += '[views.dark]\ntruth = "dark/{name}.png"\ndata_range = [0, 7]'
    put(tmp_path, "photos/a.png", "masks/a.png", "dark/a.png", value=255)
    first = declare(tmp_path, text)
    assert (first.samples[0].kind, first.data_range, first.classes) == ("binary", None, {1: "x"})
    assert declare(tmp_path, text, view="binary").samples[0].kind == "binary"
    objects = declare(tmp_path, text, view="objects")
    assert (objects.samples[0].kind, objects.classes) == ("instances", None)
    dark = declare(tmp_path, text, view="dark")
    assert (dark.data_range, dark.classes) == ((0, 7), {1: "x"})
    assert dark.samples[0].truth_loader.args[0].truths == (tmp_path / "dark" / "a.png",)
    with pytest.raises(ParameterError, match=r"no view 'object'; it has 'binary', 'objects', 'dark'\. Did you mean"):
        declare(tmp_path, text, view="object")


# ---- reading ----


def test_nothing_is_decoded_before_a_sample_is_read(tmp_path):
    put(tmp_path, "photos/a.png", "masks/a.png")
    (tmp_path / "photos" / "a.png").write_bytes(b"no picture")
    found = declare(tmp_path, PLAIN)
    assert names(found) == ["a"]
    with pytest.raises(ImageError, match=r"a\.png is no picture"):
        found.samples[0].read()


def test_the_field_of_view_masks_the_picture_and_makes_void(tmp_path):
    put(tmp_path, "photos/a.png", "photos/b.png", "masks/a.png", "masks/b.png", "view/c.png", value=255)
    view = np.zeros((6, 8), np.uint8)
    view[1:4, 2:7] = 255
    Image.fromarray(view).save(tmp_path / "view" / "a.png")
    found = declare(tmp_path, PLAIN + 'field_of_view = "view/{name}.png"')
    assert names(found) == ["a"]
    loaded = found.samples[0].read()
    np.testing.assert_array_equal(loaded.image.mask, view > 0)
    np.testing.assert_array_equal(loaded.void, view == 0)
    assert found.missing == (
        "picture photos/b.png has no field of view: view/b.png is not there",
        "field of view view/c.png has no picture: photos/c.png is not there",
    )


def test_void_of_one_grader_is_void(tmp_path):
    put(tmp_path, "i/a.png")
    rng = np.random.default_rng(1)
    one, two = rng.choice(np.array([0, 1, 255], np.uint8), (2, 6, 8))
    for folder, stored in (("one", one), ("two", two)):
        put(tmp_path, f"{folder}/a.png")
        Image.fromarray(stored).save(tmp_path / folder / "a.png")
    text = GRADERS + '[encoding]\ntype = "values"\nvoid = 255\nvalues = {0 = 0, 1 = 1}'
    loaded = declare(tmp_path, text).samples[0].read()
    np.testing.assert_array_equal(loaded.void, (one == 255) | (two == 255))
    np.testing.assert_array_equal(loaded.truths[0], one == 1)
    np.testing.assert_array_equal(loaded.truths[1], two == 1)


def test_sizes_that_differ_go_by_the_rule(tmp_path):
    rng = np.random.default_rng(2)
    picture, mask = rng.integers(0, 256, (9, 12), np.uint8), rng.choice(np.array([0, 255], np.uint8), (5, 17))
    put(tmp_path, "photos/a.png", "masks/a.png")
    Image.fromarray(picture).save(tmp_path / "photos" / "a.png")
    Image.fromarray(mask).save(tmp_path / "masks" / "a.png")
    with pytest.raises(ImageError, match=r"a: the picture has 9 x 12 pixels .* its truth 5 x 17"):
        declare(tmp_path, PLAIN).samples[0].read()
    loaded = declare(tmp_path, PLAIN + 'size = "crop"').samples[0].read()
    np.testing.assert_array_equal(loaded.image.array, picture[:5, :12])
    np.testing.assert_array_equal(loaded.truths[0], mask[:5, :12] > 0)
    loaded = declare(tmp_path, PLAIN + 'size = "nearest"').samples[0].read()
    np.testing.assert_array_equal(loaded.image.array, picture)
    # An odd number of columns has no pixel middle on a border, where rounding errors of the other library decide.
    theirs = Image.fromarray(mask).resize((12, 9), Image.Resampling.NEAREST)
    np.testing.assert_array_equal(loaded.truths[0], np.array(theirs) > 0)


def test_graders_and_fields_of_view_of_other_sizes_are_refused_or_fitted(tmp_path):
    put(tmp_path, "i/a.png", "one/a.png")
    put(tmp_path, "two/a.png", "view/a.png", shape=(5, 8), value=255)
    with pytest.raises(ImageError, match=r"one.a\.png has 6 x 8 pixels .*two.a\.png 5 x 8.*declare size"):
        declare(tmp_path, GRADERS).samples[0].read_truths()
    text = PLAIN.replace("photos", "i").replace("masks", "one") + 'field_of_view = "view/{name}.png"\n'
    with pytest.raises(ImageError, match=r"i.a\.png has 6 x 8 pixels .*view.a\.png 5 x 8"):
        declare(tmp_path, text).samples[0].read_image()
    for rule, height in (("crop", 5), ("nearest", 6)):
        loaded = declare(tmp_path, text + f'size = "{rule}"').samples[0].read()
        assert loaded.image.array.shape == loaded.image.mask.shape == loaded.void.shape == (height, 8)
        assert not loaded.void.any()


def test_pages_of_stacks_are_samples(tmp_path):
    rng = np.random.default_rng(5)
    pictures, masks = rng.integers(0, 256, (11, 4, 5), np.uint8), rng.choice(np.array([0, 255], np.uint8), (12, 4, 5))
    tifffile.imwrite(tmp_path / "train-volume.tif", pictures)
    tifffile.imwrite(tmp_path / "train-labels.tif", masks)
    text = 'kind = "binary"\nimages = "train-volume.tif"\ntruth = "train-labels.tif"\nstack = true'
    found = declare(tmp_path, text)
    assert names(found) == [str(page) for page in range(11)]
    assert found.missing == (
        "pages 11 to 11 are not in every file of the stack: train-volume.tif has 11, train-labels.tif has 12",
    )
    for page, sample in enumerate(found.samples):
        loaded = sample.read()
        np.testing.assert_array_equal(loaded.image.array, pictures[page])
        np.testing.assert_array_equal(loaded.truths[0], masks[page] > 0)
    named = declare(tmp_path, text.replace("train-", "{name}-"))
    assert names(named)[:2] == ["train/0", "train/1"]
    plain = declare(tmp_path, text.replace("train-", "{name}-") + '\nsample_name = "{name}"')
    assert names(plain) == names(named)


def test_a_stack_that_cannot_be_read_is_missing(tmp_path):
    tifffile.imwrite(tmp_path / "v.tif", np.zeros((6, 4, 5), np.uint8))
    (tmp_path / "l.tif").write_bytes(b"II*\0nothing")
    found = declare(tmp_path, 'kind = "binary"\nimages = "v.tif"\ntruth = "l.tif"\nstack = true')
    assert found.samples == ()
    (line,) = found.missing
    assert "l.tif cannot be read as a stack of pages" in line


def test_pages_are_listed_by_their_names(tmp_path):
    for name in "vl":
        tifffile.imwrite(tmp_path / f"{name}.tif", np.zeros((6, 4, 5), np.uint8))
    (tmp_path / "val.txt").write_text("3\n0\n6\n")
    text = 'kind = "binary"\nimages = "v.tif"\ntruth = "l.tif"\nstack = true\nsplit_lists = {val = "val.txt"}'
    found = declare(tmp_path, text, split="val")
    assert names(found) == ["3", "0"]
    assert found.missing == ("the list val.txt names 6, which is no picture with a truth",)
