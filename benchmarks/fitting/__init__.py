"""How the numbers that the package holds were fitted, on BSDS500's train split alone."""
