"""Data sets: pictures with their truths, each sample read when it is asked for.

`open_dataset` takes what a user says. One module a format reads it; `made_scenes` makes pictures whose truth is exact.
"""

from classicseg.datasets.base import DataSet, LoadedSample, Sample, Truths
from classicseg.datasets.folders import folder_pairs, folder_root
from classicseg.datasets.open import open_dataset
from classicseg.datasets.scenes import made_scene, made_scenes

__all__ = [
    "DataSet",
    "LoadedSample",
    "Sample",
    "Truths",
    "folder_pairs",
    "folder_root",
    "made_scene",
    "made_scenes",
    "open_dataset",
]
