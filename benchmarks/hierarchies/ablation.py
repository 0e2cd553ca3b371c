"""What each part of `ucm` adds: the same row with one part left out or exchanged, on val."""

from __future__ import annotations

from benchmarks.hierarchies.rows import Row

WHOLE = Row("ucm", "ucm", boundaries=False)

# One line a part: what is changed, and the parameters that change it.
VARIANTS: tuple[Row, ...] = ()
