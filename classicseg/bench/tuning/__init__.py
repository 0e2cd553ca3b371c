"""Choose parameters on training pictures: what may be searched, how, and the file that tells what was found."""

from classicseg.bench.tuning.params_file import read_params, refuse_same_pictures, write_params
from classicseg.bench.tuning.search import SEARCHES
from classicseg.bench.tuning.space import Space, space_of
from classicseg.bench.tuning.tune import Tuned, Tuning, tune

__all__ = [
    "SEARCHES",
    "Space",
    "Tuned",
    "Tuning",
    "read_params",
    "refuse_same_pictures",
    "space_of",
    "tune",
    "write_params",
]
