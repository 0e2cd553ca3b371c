"""Measurements of classicseg; run from a checkout, not installed."""
