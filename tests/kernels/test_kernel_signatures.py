"""Every compiled loop is compiled for one signature, however the pictures and masks lie in memory."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import importlib, pkgutil, warnings
import numpy as np
import classicseg, classicseg.kernels

rng = np.random.default_rng(0)
colour = rng.integers(0, 256, (20, 24, 3), dtype=np.uint8)
mask = rng.random((20, 24)) > 0.2
for image in (colour, colour[:, :, 0], np.asfortranarray(colour / 255), rng.random((20, 24, 7)), rng.random((20, 24))):
    for where in (None, mask, np.asfortranarray(mask), np.repeat(mask, 2, axis=1)[:, ::2]):
        for method in classicseg.methods():
            classicseg.segment(image, method, mask=where, min_size=5)
        classicseg.segment(image, "multiotsu", mask=where)
        classicseg.segment(image, "kmeans", mask=where, spatial_weight=0.5)
        classicseg.segment(image, "meanshift", mask=where, kernel="gaussian", spatial_bandwidth=1)
for module in pkgutil.iter_modules(classicseg.kernels.__path__):
    names = vars(importlib.import_module(f"classicseg.kernels.{module.name}"))
    for name, function in names.items():
        if hasattr(function, "signatures") and function.__module__.endswith(module.name):
            print(module.name, name, len(function.signatures))
"""


def test_one_signature_a_kernel():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    counts = {tuple(line.split()[:2]): int(line.split()[2]) for line in done.stdout.splitlines()}
    assert len(counts) >= 10
    assert max(counts.values()) == 1, counts
    # Those that only other kernels call have none of their own where the machine code came from the cache.
    called = {kernel for kernel, count in counts.items() if count}
    assert {("meanshift", "_climb_rows"), ("kmeans", "_pass"), ("regions", "_absorb")} <= called
