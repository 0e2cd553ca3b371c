"""Every peer on the pictures: label maps and trees are kept in the work folder, then scored like our own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from benchmarks.hierarchies.numbers import BoundaryFamily, Family, boundaries_stacked, stacked
from benchmarks.hierarchies.peers import Peer, Setting
from benchmarks.hierarchies.pictures import Picture, drawn
from benchmarks.hierarchies.scoring import (
    boundaries_of_hierarchy,
    boundaries_of_maps,
    regions_of_hierarchy,
    regions_of_maps,
)
from benchmarks.hierarchies.work import Arrays, key_of, load, place, save, sources_of_scores
from benchmarks.hierarchies.worker import Worker, version_elsewhere
from classicseg.hierarchy import Hierarchy

_STRIDE = 8  # of the scales of a tree, boundaries are matched at each so manyth


@dataclass(frozen=True)
class Chosen:
    """A peer at the setting that the train pictures chose: its scores there and on val."""

    peer: Peer
    setting: Setting
    version: str
    train: Family
    val: Family
    boundaries: BoundaryFamily  # on val

    @property
    def train_scale(self) -> float:
        """The scale that is best for the train pictures together."""
        return float(self.train.scales[self.train.covering(self.train.everything())[0].argmax()])


class PeerRuns:
    """What one peer gave, kept in the folder `work`."""

    def __init__(self, peer: Peer, python: str, work: Path) -> None:
        self.peer, self.work = peer, work
        self.python = python
        self.version = version_elsewhere(python, peer.module)

    def choose_and_score(self, train: Sequence[Picture], val: Sequence[Picture]) -> Chosen:
        """Try every setting on some of the train pictures; score the best one on these and on all of val."""
        some = drawn(train, self.peer.train_pictures)
        with Worker(self.python, self.peer.script, threads=1) as worker:
            tried = [self._family(worker, setting, some) for setting in self.peer.settings]
            best = int(np.argmax([family.ods_covering() for family in tried]))
            setting = self.peer.settings[best]
            family = self._family(worker, setting, val)
            boundaries = boundaries_stacked([self._kept("boundaries", worker, setting, each) for each in val])
            return Chosen(self.peer, setting, self.version, tried[best], family, boundaries)

    def _family(self, worker: Worker, setting: Setting, pictures: Sequence[Picture]) -> Family:
        return stacked(pictures, [self._kept("scores", worker, setting, picture) for picture in pictures])

    def _kept(
        self, what: Literal["scores", "boundaries"], worker: Worker, setting: Setting, picture: Picture
    ) -> Arrays:
        """The scores or the boundary counts of a picture, from the folder or made now."""
        facts = {"setting": setting, "version": self.version, "scales": self.peer.scales}
        key = key_of(self.peer.name, facts | {"sources": sources_of_scores()})
        path = place(self.work, f"peer-{what}", key, picture)
        found = load(path)
        if found is None:
            arrays = self.segmented(worker, setting, picture)
            found = self._regions(arrays, picture) if what == "scores" else self._boundaries(arrays, picture)
            save(path, found)
        return found

    def segmented(self, worker: Worker, setting: Setting, picture: Picture) -> Arrays:
        """The label maps or the tree of a picture, from the folder or made now."""
        facts = {"setting": setting, "version": self.version, "sweep": self.peer.sweep}
        scales = None if self.peer.sweep is None else list(self.peer.scales)
        path = place(self.work, "peer-results", key_of(self.peer.name, facts | {"scales": scales}), picture)
        found = load(path)
        if found is None:
            worker.run(picture.pixels(), setting, self.peer.sweep, scales, path)
            found = load(path)
            if found is None:
                raise RuntimeError(f"{path} cannot be read back")
        return found

    def _regions(self, arrays: Arrays, picture: Picture) -> Arrays:
        if "maps" in arrays:
            return regions_of_maps(arrays["maps"], picture.truths(), self.peer.grid)
        return regions_of_hierarchy(_tree(arrays), picture.truths(), self.peer.grid)

    def _boundaries(self, arrays: Arrays, picture: Picture) -> Arrays:
        if "maps" in arrays:
            return boundaries_of_maps(arrays["maps"], picture.boundaries(), self.peer.grid)
        return boundaries_of_hierarchy(_tree(arrays), picture.boundaries(), self.peer.grid[::_STRIDE])


def _tree(arrays: Arrays) -> Hierarchy:
    return Hierarchy(arrays["leaves"], arrays["parents"], arrays["altitudes"])
