"""The exponential function for loops that have to vectorise.

`np.exp` is a call of the C library for each number. What stands here is arithmetic without a branch, which LLVM turns
into vector instructions inside a loop over a contiguous row, and every step is one IEEE operation in one order, so that
compiled and plain Python give the same bits.
"""

from __future__ import annotations

import numpy as np

from classicseg.kernels.compile import kernel

_LOG2_E = np.float32(1.4426950408889634)
# ln 2 in two parts, of which the first has few bits: its product with a small integer is exact.
_LN2_HIGH = np.float32(0.693359375)
_LN2_LOW = np.float32(-2.1219444e-4)
# Added to a number below 2^22 in size, it leaves no bit for a fraction: the sum is rounded to the nearest integer, which
# then stands in its lowest bits.
_ROUNDER = np.float32(1.5 * 2**23)
_LOWEST = np.float32(-88.0)  # 2^-127 and less, which has no bits as a normal number: 0
# exp(r) = 1 + r (c1 + r (c2 + r (c3 + r (c4 + r c5)))) for |r| <= ln(2) / 2, of least relative error (9e-8) among those
# with 1 in front.
_C1 = np.float32(0.999999707121697)
_C2 = np.float32(0.4999914951913458)
_C3 = np.float32(0.16667636349161713)
_C4 = np.float32(0.04189793053019331)
_C5 = np.float32(0.008290306822683896)
_ONE = np.float32(1)
_BIAS = np.int32(127 << 23)


@kernel
def exp32(x):
    """exp(x) for a float32 x of at most 0 (or -inf), as a float32; the relative error is at most 2e-7 above -87.3.

    exp(0) is 1 exactly. Below -87.68 the result is 0 (true values are below 1e-38 there). Rounding may have left x a
    little above 0: up to 88 is as good. NaN is not allowed. Give a float32: the loop around it should be one of float32
    throughout, since `x[i] * 0.5` is a float64, and `x[i] * np.float32(0.5)` is not.
    """
    clipped = max(x, _LOWEST)
    shifted = clipped * _LOG2_E + _ROUNDER
    power = shifted - _ROUNDER  # exp(x) = 2^power exp(r)
    r = (clipped - power * _LN2_HIGH) - power * _LN2_LOW
    fraction = _ONE + r * (_C1 + r * (_C2 + r * (_C3 + r * (_C4 + r * _C5))))
    # The bits of 2^power as a float32: power + 127 stands from bit 23 on. Higher bits of `shifted` are pushed out.
    exponent = (np.float32(shifted).view(np.int32) << np.int32(23)) + _BIAS
    return fraction * np.int32(exponent).view(np.float32)
