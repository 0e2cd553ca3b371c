"""Exponential and logarithm as polynomials, so that loops over them become vector code (the library's are calls)."""

from __future__ import annotations

import numpy as np

from classicseg.kernels.compile import kernel

_ROUNDER_64 = 6755399441055744.0  # 1.5 * 2^52: adding it rounds to an integer, which stands in the low bits
_ROUNDER_64_BITS = 0x4338000000000000  # the bits of _ROUNDER_64
_LOG2_E_64 = 1.4426950408889634
_LN2_HIGH_64 = 0.69314718036912382  # ln 2 to 33 bits, so that its product with an exponent is exact
_LN2_LOW_64 = 1.9082149292705877e-10
_LN2_64 = 0.6931471805599453
_ROOT_HALF_BITS = 0x3FE6A09E667F3BCD  # the bits of sqrt(1/2)
_LOWEST_64 = -708.0  # e^-708 is the least power of e, rounded up, that float64 holds with full precision


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
