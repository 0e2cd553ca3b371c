"""The forms in which other programs write label maps, and how one of a picture is read from each."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from classicseg.bench.label_files import mask_beside, mask_file
from classicseg.errors import ImageError

if TYPE_CHECKING:
    from classicseg.datasets.base import LoadedSample

Labels = NDArray[np.integer]


@dataclass(frozen=True, eq=False)
class Form(ABC):
    """Predictions of one form in one place.

    Attributes
    ----------
    where : Path
        The folder or file.
    assigned : mapping of str to str
        What belongs to a picture, by the picture's name: a file's path in the folder, or an id.
    """

    name: ClassVar[str]
    scale: ClassVar[str] = ""  # what its label maps are cut at, where one file gives several

    where: Path
    assigned: Mapping[str, str]

    @abstractmethod
    def facts(self, sample: str) -> Mapping[str, Any]:
        """What the predictions of a picture hang on: hashes of files; the same where the label maps are."""

    @abstractmethod
    def open(self, sample: LoadedSample) -> Any:
        """What all label maps of the picture are cut from; read once for a family."""

    @abstractmethod
    def cut(self, opened: Any, at: Any) -> Labels:
        """One label map."""

    def mask(self, sample: LoadedSample) -> NDArray[np.bool_] | None:
        """Where the label map counts, beside what the picture itself leaves out; None: everywhere."""
        del sample
        return None

    def file(self, sample: str) -> Path:
        """The file of a picture.

        Raises
        ------
        ImageError
            There is none.
        """
        if sample not in self.assigned:
            raise ImageError(f"no prediction for {sample} in {self.where}. Have it made, or take the picture out.")
        return self.where / self.assigned[sample]


@dataclass(frozen=True, eq=False)
class Files(Form):
    """A file for each picture."""

    def facts(self, sample: str) -> Mapping[str, Any]:
        return {"file": hash_of_file(self.where / self.assigned[sample]) if sample in self.assigned else None}


@dataclass(frozen=True, eq=False)
class LabelMaps(Files):
    """Label maps as PNG, TIFF, .npy and the like; numbers are labels, of a palette the indices."""

    name: ClassVar[str] = "labels"

    def facts(self, sample: str) -> Mapping[str, Any]:
        mask = mask_file(self.file(sample)) if sample in self.assigned else None
        return {**super().facts(sample), "mask": None if mask is None else hash_of_file(mask)}

    def open(self, sample: LoadedSample) -> Labels:
        from classicseg.io.read import read_labels

        return read_labels(self.file(sample.name))

    def cut(self, opened: Labels, at: Any) -> Labels:
        del at
        return opened

    def mask(self, sample: LoadedSample) -> NDArray[np.bool_] | None:
        return mask_beside(self.file(sample.name))


def hash_of_file(path: Path) -> str | None:
    """SHA-256 of a file's bytes; None where it cannot be read, which is said when it is opened."""
    try:
        seen = path.stat()
        return _hashed(path, seen.st_mtime_ns, seen.st_size)
    except OSError:
        return None


@lru_cache(maxsize=4096)
def _hashed(path: Path, modified: int, size: int) -> str:
    del modified, size
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
