"""sRGB to CIE 1976 L*a*b* for one pixel, after IEC 61966-2-1 and CIE 15, with D65 as the image of (1, 1, 1)."""

_TO_XYZ = ((0.412453, 0.357580, 0.180423), (0.212671, 0.715160, 0.072169), (0.019334, 0.119193, 0.950227))


def srgb_to_lab(red, green, blue):
    """L* (0..100), a*, b* of a colour given as three numbers in 0..1."""
    linear = [_undo_gamma(v) for v in (red, green, blue)]
    fx, fy, fz = (_f(sum(w * v for w, v in zip(row, linear, strict=True)) / sum(row)) for row in _TO_XYZ)
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def _undo_gamma(v):
    return v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4


def _f(t):
    delta = 6 / 29
    return t ** (1 / 3) if t > delta**3 else t / (3 * delta**2) + 4 / 29
