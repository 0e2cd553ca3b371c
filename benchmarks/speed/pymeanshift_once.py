"""Runs pymeanshift in an environment of its own, where classicseg is not: pymeanshift builds with numpy below 2 only.

``python pymeanshift_once.py`` reads lines ``SPATIAL RANGE MIN_DENSITY PICTURE.npy LABELS.npy`` from stdin, segments the
RGB picture with the "medium" speed-up, writes the labels, and answers each line with the seconds that pymeanshift took.
"""

import sys
import time

import numpy as np
import pymeanshift

_MEDIUM = 1


def main() -> None:
    for line in sys.stdin:
        spatial, range_, density, source, target = line.split()
        picture = np.ascontiguousarray(np.load(source))
        started = time.perf_counter()
        _, labels, _ = pymeanshift.segment(picture, int(spatial), float(range_), int(density), _MEDIUM)
        seconds = time.perf_counter() - started
        np.save(target, labels)
        print(seconds, flush=True)


if __name__ == "__main__":
    main()
