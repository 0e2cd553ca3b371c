"""The compiled loops: arrays in, arrays out, no checks and no policy.

A function marked ``@kernel`` is compiled by Numba when it is first called; the plain functions beside it are drivers
that allocate, cast to the one signature of their kernel, and hand out the chunks.
"""
