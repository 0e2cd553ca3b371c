"""Slow, plain twins of the methods, written from the formulas; nothing here imports anything of classicseg."""
