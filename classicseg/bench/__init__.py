"""Run methods over a data set and score them by name."""

from classicseg.bench.run import Entry, PictureScore, Row, run_benchmark
from classicseg.bench.sweep import run_sweep

__all__ = ["Entry", "PictureScore", "Row", "run_benchmark", "run_sweep"]
