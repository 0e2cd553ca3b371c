"""Scores of label maps against a truth, each under the name of its protocol.

One contingency table is built for a prediction and a truth, and every region score is taken from it. `score` and
`score_all` take label maps and names; the modules hold the scores as functions of the table (`overlap`, `accuracy`,
`regions`, `superpixels`, `instances`, `panoptic`), of label maps (`neurons`, `boundaries`), of many pictures (`ranked`,
`curves`) and of families of label maps (`families`, `cuts`).
"""

from classicseg.metrics.comparison import Comparison, Foreground, compare
from classicseg.metrics.contingency import ContingencyTable, contingency_table, contingency_tables
from classicseg.metrics.cuts import score_hierarchy
from classicseg.metrics.families import FamilyScores, FamilySummary, choose_scale, score_family, summarise
from classicseg.metrics.fractions import Fractions
from classicseg.metrics.kinds import TRUTH_KINDS, TruthKind
from classicseg.metrics.named import find_score, score, score_all, scores
from classicseg.metrics.score import Score, mean_score

__all__ = [
    "TRUTH_KINDS",
    "Comparison",
    "ContingencyTable",
    "FamilyScores",
    "FamilySummary",
    "Foreground",
    "Fractions",
    "Score",
    "TruthKind",
    "choose_scale",
    "compare",
    "contingency_table",
    "contingency_tables",
    "find_score",
    "mean_score",
    "score",
    "score_all",
    "score_family",
    "score_hierarchy",
    "scores",
    "summarise",
]
