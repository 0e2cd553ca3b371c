"""What `benchmarks.hierarchies` keeps on disk, and the peers that it runs in processes of their own."""

import sys

import numpy as np
import pytest

from benchmarks.hierarchies.ablation import CUES, VARIANTS, WHOLE, Variant
from benchmarks.hierarchies.peers import PEERS
from benchmarks.hierarchies.pictures import Picture
from benchmarks.hierarchies.rows import ROWS
from benchmarks.hierarchies.work import key_of, load, place, save
from benchmarks.hierarchies.worker import Worker

PICTURE = Picture("val", "101085", None)


def test_results_are_read_back_and_damaged_ones_are_made_anew(tmp_path):
    path = place(tmp_path, "regions", key_of("A row", {"sigma": 1.0}), PICTURE)
    assert load(path) is None
    save(path, {"pri": np.array([0.5])})
    assert load(path)["pri"] == 0.5
    path.write_bytes(path.read_bytes()[:50])
    assert load(path) is None


def test_a_key_hangs_on_everything_it_is_given():
    keys = {key_of("A row", {"sigma": sigma, "sources": source}) for sigma in (1.0, 2.0) for source in "ab"}
    assert len(keys) == 4
    assert key_of("A row", {"a": 1, "b": 2}) == key_of("A row", {"b": 2, "a": 1})


def test_a_peer_answers_with_seconds_or_an_error(tmp_path, photograph):
    picture = np.ascontiguousarray(photograph[:40, :50])
    with Worker(sys.executable, "felzenszwalb") as worker:
        setting = {"sigma": 0.8, "min_size": 5}
        assert worker.run(picture, setting, "scale", [10.0, 500.0], tmp_path / "found.npz") > 0
        with pytest.raises(RuntimeError, match=r"felzenszwalb failed.*unexpected keyword"):
            worker.run(picture, setting | {"colour": 1}, "scale", [10.0], tmp_path / "no.npz")
        worker.run(picture, setting, "scale", [10.0], tmp_path / "again.npz")  # it is still there
    maps = load(tmp_path / "found.npz")["maps"]
    assert maps.shape == (2, 40, 50)
    assert len(np.unique(maps[0])) > len(np.unique(maps[1]))
    assert not (tmp_path / "no.npz").exists()


def test_the_cuts_of_scikit_images_tree_are_its_own_maps(tmp_path, photograph):
    from skimage.segmentation import quickshift

    picture = np.ascontiguousarray(photograph[:40, :50])
    with Worker(sys.executable, "quickshift") as worker:
        worker.run(picture, {"kernel_size": 2, "ratio": 0.5}, "max_dist", [3.0, 8.0], tmp_path / "found.npz")
    maps = load(tmp_path / "found.npz")["maps"]
    for distance, ours in zip((3.0, 8.0), maps, strict=True):
        theirs = quickshift(picture, kernel_size=2, ratio=0.5, max_dist=distance, rng=0)
        pairs = np.unique(np.stack([ours.ravel(), theirs.ravel()]), axis=1)
        assert pairs.shape[1] == len(np.unique(ours)) == len(np.unique(theirs)) > 1


def test_a_variant_without_a_change_is_the_whole_road(photograph):
    picture = np.ascontiguousarray(photograph[:60, :80])
    whole = WHOLE.build(picture, 1)
    for change in ({}, {"cues": CUES}, {"oriented": True, "rule": {}}):
        same = Variant("nothing changed", parameters=change).build(picture, 1)
        np.testing.assert_array_equal(same.leaves, whole.leaves)
        np.testing.assert_array_equal(same.altitudes, whole.altitudes)


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_every_variant_is_another_hierarchy(variant, photograph):
    picture = np.ascontiguousarray(photograph[:60, :80])
    assert not np.array_equal(variant.build(picture, 1).altitudes, WHOLE.build(picture, 1).altitudes)


def test_rows_and_variants_have_names_and_results_of_their_own():
    rows = [*ROWS, *VARIANTS]
    assert len({row.name for row in rows}) == len(rows)
    assert len({(type(row), row.method, row.way, str(row.parameters)) for row in rows}) == len(rows)
    peers = {peer.name for peer in PEERS}
    assert all(set(row.beside) <= peers for row in ROWS)
