"""From tidy tables to what a paper says: rows with intervals, ranks, paired comparisons."""
