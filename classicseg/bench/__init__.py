"""Run methods over a data set and score them by name."""

from classicseg.bench.run import Entry, PictureScore, Row, run_benchmark

__all__ = ["Entry", "PictureScore", "Row", "run_benchmark"]
