"""Our kernels beside their peers: one module a method gives the cases, `python -m benchmarks.speed` runs them."""
