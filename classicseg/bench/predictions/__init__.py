"""Label maps that other programs wrote, as sources of a benchmark."""

from classicseg.bench.predictions.source import PredictionSource, read_predictions

__all__ = ["PredictionSource", "read_predictions"]
