"""Hierarchies of all methods and of their peers on BSDS500, scored, timed and tabled: ``python -m benchmarks.hierarchies``."""
