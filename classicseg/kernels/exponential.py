"""Exponential functions for loops that have to vectorise.

`np.exp` is a call of the C library for each number. What stands here is arithmetic without a branch, which LLVM turns
into vector instructions inside a loop over a contiguous row, and every step is one IEEE operation in one order, so that
compiled and plain Python give the same bits.

Give float32 numbers: the loop around should be one of float32 throughout, since `x[i] * 0.5` is a float64 in a compiled
loop, and `x[i] * np.float32(0.5)` is not.
"""

from __future__ import annotations

import numpy as np

from classicseg.kernels.compile import kernel

_LOG2_E = np.float32(1.4426950408889634)
# ln 2 in two parts, of which the first has few bits: its product with a small integer is exact.
_LN2_HIGH = np.float32(0.693359375)
_LN2_LOW = np.float32(-2.1219444e-4)
# Added to a number below 2^22 in size, it leaves no bit for a fraction: the sum is rounded to the nearest integer,
# which then stands in its lowest bits.
_ROUNDER = np.float32(1.5 * 2**23)
_BIAS = np.int32(127 << 23)  # a float32 with these bits is 2^0
_ONE = np.float32(1)
# Where the result is 2^-127 and less, which has no bits as a normal number: 0.
_LOWEST = np.float32(-88)
_LOWEST_POWER = np.float32(-127)
# Polynomials of least relative error (9e-8) among those with 1 in front: exp(r) = 1 + r (E1 + r (E2 + ...)) for |r| <=
# ln(2) / 2, and 2^r for |r| <= 1 / 2.
_E1, _E2, _E3 = np.float32(0.999999707121697), np.float32(0.4999914951913458), np.float32(0.16667636349161713)
_E4, _E5 = np.float32(0.04189793053019331), np.float32(0.008290306822683896)
_T1, _T2, _T3 = np.float32(0.6931469774945608), np.float32(0.24022242068619976), np.float32(0.05550733843455448)
_T4, _T5 = np.float32(0.009671513433431542), np.float32(0.0013264704676299245)


@kernel
def exp32(x):
    """exp(x) for a float32 x of at most 0 (or -inf), as a float32; the relative error is at most 2e-7 above -87.3.

    exp(0) is 1 exactly. Below -87.68 the result is 0 (true values are below 1e-38 there). Rounding may have left x a
    little above 0: up to 88 is as good. NaN is not allowed.
    """
    clipped = max(x, _LOWEST)
    shifted = clipped * _LOG2_E + _ROUNDER
    power = shifted - _ROUNDER  # exp(x) = 2^power exp(r)
    r = (clipped - power * _LN2_HIGH) - power * _LN2_LOW
    fraction = _ONE + r * (_E1 + r * (_E2 + r * (_E3 + r * (_E4 + r * _E5))))
    # The bits of 2^power: power + 127 stands from bit 23 on. Higher bits of `shifted` are pushed out.
    exponent = (np.float32(shifted).view(np.int32) << np.int32(23)) + _BIAS
    return fraction * np.int32(exponent).view(np.float32)


@kernel
def exp2_32(x):
    """2^x for a float32 x of at most 0 (or -inf), as a float32; the relative error is at most 2e-7 above -126.

    A quarter fewer operations than `exp32`: put log2(e) into a factor that is multiplied anyway. Powers of integers are
    exact. Below -126.5 the result is 0. Up to 127 is as good; NaN is not allowed.
    """
    clipped = max(x, _LOWEST_POWER)
    shifted = clipped + _ROUNDER
    power = shifted - _ROUNDER
    r = clipped - power  # exact; 2^x = 2^power 2^r
    fraction = _ONE + r * (_T1 + r * (_T2 + r * (_T3 + r * (_T4 + r * _T5))))
    exponent = (np.float32(shifted).view(np.int32) << np.int32(23)) + _BIAS
    return fraction * np.int32(exponent).view(np.float32)
