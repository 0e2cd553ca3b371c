"""Data sets: pictures with their truths, each sample read when it is asked for.

`open_dataset` takes what a user says, `check_dataset` reads all of it and says what is wrong. One module a format reads
it; `known_readers` lists them. `made_scenes` makes pictures whose truth is exact. Nothing is ever downloaded.
"""

from classicseg.datasets.base import DataSet, Found, LoadedSample, Sample, Truths
from classicseg.datasets.check import Report, check_dataset
from classicseg.datasets.folders import folder_pairs, folder_root
from classicseg.datasets.lookup import known_readers
from classicseg.datasets.open import open_dataset
from classicseg.datasets.readers import Reader
from classicseg.datasets.scenes import made_scene, made_scenes

__all__ = [
    "DataSet",
    "Found",
    "LoadedSample",
    "Reader",
    "Report",
    "Sample",
    "Truths",
    "check_dataset",
    "folder_pairs",
    "folder_root",
    "known_readers",
    "made_scene",
    "made_scenes",
    "open_dataset",
]
