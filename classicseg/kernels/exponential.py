"""Exponential functions and a logarithm for loops that have to vectorise.

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

# In float64.
_ROUNDER_64 = 6755399441055744.0  # 1.5 * 2^52: adding it rounds to an integer, which stands in the low bits
_ROUNDER_64_BITS = 0x4338000000000000  # the bits of _ROUNDER_64
_LOG2_E_64 = 1.4426950408889634
_LN2_HIGH_64 = 0.69314718036912382  # ln 2 to 33 bits, so that its product with an exponent is exact
_LN2_LOW_64 = 1.9082149292705877e-10
_LN2_64 = 0.6931471805599453
_ROOT_HALF_BITS = 0x3FE6A09E667F3BCD  # the bits of sqrt(1/2)
_LOWEST_64 = -708.0  # e^-708 is the least power of e, rounded up, that float64 holds with full precision


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


@kernel
def exp64(x):
    """e^x for x <= 0 in float64, with a relative error below 5e-16; 0 below -708.

    x = k ln 2 + r with |r| <= ln(2) / 2, and e^x = 2^k e^r; e^r = 1 + r + r^2 q(r), with q the polynomial of degree 8
    that has the least greatest error (2.9e-16), its even and odd terms apart to shorten the chain of operations.
    """
    bounded = max(x, _LOWEST_64)
    shifted = bounded * _LOG2_E_64 + _ROUNDER_64
    k = shifted - _ROUNDER_64
    r = (bounded - k * _LN2_HIGH_64) - k * _LN2_LOW_64
    square = r * r
    even = 2.7476795499921015e-07 * square + 2.4801931719309952e-05
    odd = 2.763499042943056e-06 * square + 0.0001984118523705581
    even = even * square + 0.0013888888516229204
    odd = odd * square + 0.008333333370869491
    even = even * square + 0.04166666666813646
    odd = odd * square + 0.16666666666611557
    even = even * square + 0.49999999999998324
    power = (even + odd * r) * square + r + 1.0
    exponent = np.float64(shifted).view(np.int64) << 52  # the low bits of `shifted`, which hold k
    scaled = np.int64(np.float64(power).view(np.int64) + exponent).view(np.float64)
    return scaled if x >= _LOWEST_64 else 0.0


@kernel
def log64(x):
    """ln x for positive, normal x in float64, with an error below 3e-16 times max(1, |ln x|).

    x = 2^k m with sqrt(1/2) <= m < sqrt(2), and ln m = 2 atanh(s) with s = (m - 1) / (m + 1); 2 atanh(s) - 2 s is
    s^3 times a polynomial in s^2 of degree 5 with the least greatest error.
    """
    bits = np.float64(x).view(np.int64)
    exponent = (bits - _ROOT_HALF_BITS) >> 52
    mantissa = np.int64(bits - (exponent << 52)).view(np.float64)
    k = np.int64(exponent + _ROUNDER_64_BITS).view(np.float64) - _ROUNDER_64
    s = (mantissa - 1.0) / (mantissa + 1.0)
    square = s * s
    series = 0.16819827664508344 * square + 0.18123642086154604
    series = series * square + 0.2222337169815813
    series = series * square + 0.2857141712958396
    series = series * square + 0.4000000005227495
    series = series * square + 0.666666666665872
    return k * _LN2_64 + (series * square * s + 2.0 * s)
