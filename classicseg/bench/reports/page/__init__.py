"""Results of a benchmark as one HTML file that needs nothing beside it: no network, no other file.

    book.py        results and rows, looked up the way that a page needs them
    document.py    the whole page, and what its head says
    controls.py    what a reader can set
    facts.py       what was run, on what; failures; parameters
    tuning.py      what was tuned on what
    tables.py      the table of rows
    comparisons.py who is better than whom
    charts.py      scales, ticks, marks and frames of inline SVG
    labels.py      names beside marks, where they hide nothing
    plots.py       score against seconds; scores of single pictures by entry
    curves.py      sweeps of a parameter; precision and recall of boundaries
    pictures.py    each picture, its truth, and what the entries made of it
    markup.py      text and numbers as HTML

What a user named is text, never markup; the page forbids itself any connection (Content-Security-Policy).
"""

from classicseg.bench.reports.page.document import write_page

__all__ = ["write_page"]
