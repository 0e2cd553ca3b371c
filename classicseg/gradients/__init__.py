"""Local boundary cues: slopes, Canny's edges, and differences of histograms in half windows at several scales."""

from classicseg.gradients.canny import canny_edges, strong_and_tied
from classicseg.gradients.multiscale import BoundaryStrengths, boundary_strengths
from classicseg.gradients.slopes import SLOPE_STEP, gradient_magnitude, smooth_in_place, smooth_inside
from classicseg.gradients.textons import texton_map
from classicseg.gradients.words import color_words

__all__ = [
    "SLOPE_STEP",
    "BoundaryStrengths",
    "boundary_strengths",
    "canny_edges",
    "color_words",
    "gradient_magnitude",
    "smooth_in_place",
    "smooth_inside",
    "strong_and_tied",
    "texton_map",
]
