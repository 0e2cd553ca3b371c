"""Data sets declared by a TOML file: the files are found by their names, and read when a sample is asked for.

`declaration` parses and checks the text, with `keys`, `encoding` and `patterns`; `look` matches files, `lists` takes
what the list of a split names, `find` makes samples of it; `read` reads them. ``shipped/`` holds declarations of
published data sets.
"""

from classicseg.datasets.declared.find import find_shipped_splits, read_declared, read_shipped

__all__ = ["find_shipped_splits", "read_declared", "read_shipped"]
