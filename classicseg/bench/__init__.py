"""Run methods over data sets, score them, choose among them, compare them: what a paper's tables are made of."""

from classicseg.bench.analysis.rows import Row
from classicseg.bench.benchmark import Benchmark
from classicseg.bench.grids import Grid
from classicseg.bench.results import Results, read_results, write_results
from classicseg.bench.sources import Entry, MethodSource

__all__ = ["Benchmark", "Entry", "Grid", "MethodSource", "Results", "Row", "read_results", "write_results"]
