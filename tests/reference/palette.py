"""The colours of labels by their rule, plainly: hues a golden angle apart on rings, kept where they differ enough."""

from __future__ import annotations

import numpy as np

from reference.lab import srgb_to_lab

DIFFERENCES = (20.0, 10.0, 5.0)  # Delta E 1976: first the colours that are so far apart, then nearer ones
RINGS = ((65.0, 100.0), (80.0, 60.0), (48.0, 80.0), (72.0, 35.0), (55.0, 35.0))  # (L*, chroma): vivid first, then pale
TURNS = 120
GOLDEN_ANGLE = np.pi * (3 - 5**0.5)  # its multiples fall into the largest gaps, so that any few hues lie far apart
LATTICE_STEP = 15  # sRGB colours from which the palette is taken: 18 a channel, 0 and 255 among them
DARK = 96  # colours of the palette have a channel of this or more


def palette():
    """sRGB colours (P, 3), and how many of them are all at least the first difference apart."""
    rgb, lab = candidates()
    kept = []
    sizes = []
    for difference in DIFFERENCES:
        for candidate in range(len(lab)):
            if not kept or np.linalg.norm(lab[kept] - lab[candidate], axis=1).min() >= difference:
                kept.append(candidate)
        sizes.append(len(kept))
    return rgb[kept], sizes[0]


def candidates():
    """The wanted hues as the nearest colours of the lattice, however far, in sRGB and in L*a*b*."""
    levels = np.arange(0, 256, LATTICE_STEP)
    lattice = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(-1, 3)
    lattice = lattice[lattice.max(axis=1) >= DARK]
    lab = np.array([srgb_to_lab(*colour) for colour in lattice / 255])
    found = []
    for light, chroma in RINGS:
        for turn in range(TURNS):
            hue = turn * GOLDEN_ANGLE
            wanted = np.array([light, chroma * np.cos(hue), chroma * np.sin(hue)])
            found.append(int(np.argmin(((lab - wanted) ** 2).sum(axis=1))))
    return lattice[found].astype(np.uint8), lab[found]
