"""Suites: data sets, scores, methods and tuning that make the tables of one question."""

from classicseg.bench.suites.suite import Suite, SuiteTable, half, read_suite, suite_names

__all__ = ["Suite", "SuiteTable", "half", "read_suite", "suite_names"]
