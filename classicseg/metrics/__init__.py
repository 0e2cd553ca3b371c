"""Scores of label maps against a truth, each under the name of its protocol.

One contingency table is built for a prediction and a truth, and every region score is taken from it. `score` and
`score_all` take label maps and names; `classicseg.metrics.overlap` holds the scores as functions of the table.
"""

from classicseg.metrics.contingency import ContingencyTable, contingency_table
from classicseg.metrics.kinds import TRUTH_KINDS, TruthKind
from classicseg.metrics.named import Score, mean_score, score, score_all, scores
from classicseg.metrics.overlap import Foreground

__all__ = [
    "TRUTH_KINDS",
    "ContingencyTable",
    "Foreground",
    "Score",
    "TruthKind",
    "contingency_table",
    "mean_score",
    "score",
    "score_all",
    "scores",
]
