"""Hierarchies of all methods and of peers on BSDS500, scored and timed: ``python -m benchmarks.hierarchies``."""
