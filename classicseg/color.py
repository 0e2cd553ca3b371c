"""Colour spaces as planes: sRGB in 0..1 becomes L*a*b*, L*u*v*, scaled RGB or an HSV cone.

In every space black and white are 100 apart, so that one bandwidth means about the same in each. A pixel with
R = G = B lies exactly on the grey axis (a = b = 0, not 1e-3), which is why these few lines stand here and no library
is called: a grey picture and its RGB copy have to give the same labels to the last pixel.

This is the definition, in NumPy. `classicseg.kernels.color` computes the same L*a*b* for whole pictures.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from classicseg.parallel import chunks

SPACES = ("lab", "rgb", "luv", "hsv")

# ITU-R BT.709 primaries, D65. The white point is the image of (1, 1, 1), so that white has L* = 100 and no hue.
_XYZ_OF_RGB = np.array([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]])
_WHITE = _XYZ_OF_RGB.sum(axis=1)
RELATIVE_XYZ_OF_RGB = _XYZ_OF_RGB / _WHITE[:, np.newaxis]  # X/Xn, Y/Yn, Z/Zn of linear R, G, B
_PIXELS_AT_ONCE = 1 << 16

Planes = NDArray[np.float32]


def convert(rgb: Planes, space: str) -> Planes:
    """Planes of an sRGB picture in another space.

    Parameters
    ----------
    rgb : (3, H, W) or (1, H, W) float32 array
        sRGB in 0..1; one plane is grey and stays one plane, since a grey picture has no hue in any space.
    space : {"lab", "rgb", "luv", "hsv"}
        CIE 1976 L*a*b* or L*u*v* under D65; RGB times 100 / sqrt(3); or the HSV cone
        ``100 * (s v cos h, s v sin h, v)``, in which hue is an angle and has no seam at red.

    Returns
    -------
    (3, H, W) or (1, H, W) float32 array
    """
    count = rgb.shape[0]
    return _by_chunks(_GREY[space] if count == 1 else _COLOR[space], rgb, count)


def _by_chunks(function: Callable[[NDArray[np.float64]], NDArray[np.float64]], rgb: Planes, depth: int) -> Planes:
    """`depth` planes of float32, computed in float64 for so many pixels at a time."""
    flat = np.ascontiguousarray(rgb).reshape(len(rgb), -1)
    result = np.empty((depth, flat.shape[1]), dtype=np.float32)
    for start, stop in chunks(flat.shape[1], _PIXELS_AT_ONCE):
        result[:, start:stop] = function(flat[:, start:stop].astype(np.float64))
    return result.reshape(depth, *rgb.shape[1:])


def _linear(v: NDArray[np.float64]) -> NDArray[np.float64]:
    """Undo sRGB's transfer curve: v/12.92 below 0.04045, ((v + 0.055)/1.055)^2.4 above."""
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def _cube_root(t: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIE's f(t): the cube root, with a straight line below (6/29)^3."""
    return np.where(t > (6 / 29) ** 3, np.cbrt(t), t * (29 / 6) ** 2 / 3 + 4 / 29)


def _lightness_of_linear(y: NDArray[np.float64]) -> NDArray[np.float64]:
    return 116 * _cube_root(y) - 16


def _relative_xyz(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """X/Xn, Y/Yn, Z/Zn; exactly equal where R = G = B."""
    r, g, b = linear = _linear(rgb)
    xyz = np.empty_like(rgb)
    for row in range(3):
        weights = RELATIVE_XYZ_OF_RGB[row]
        xyz[row] = weights[0] * r + weights[1] * g + weights[2] * b
    grey = (rgb[0] == rgb[1]) & (rgb[1] == rgb[2])
    xyz[:, grey] = linear[0, grey]
    return xyz


def _lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    fx, fy, fz = _cube_root(_relative_xyz(rgb))
    return np.stack([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)])


def _luv(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    relative = _relative_xyz(rgb)
    x, y, z = relative * _WHITE[:, None]
    total = x + 15 * y + 3 * z
    light = _lightness_of_linear(relative[1])
    total_white = _WHITE[0] + 15 * _WHITE[1] + 3 * _WHITE[2]
    grey = (relative[0] == relative[1]) & (relative[1] == relative[2])  # black among them, where total is 0
    safe = np.where(grey, 1.0, total)
    u = np.where(grey, 0.0, 13 * light * (4 * x / safe - 4 * _WHITE[0] / total_white))
    v = np.where(grey, 0.0, 13 * light * (9 * y / safe - 9 * _WHITE[1] / total_white))
    return np.stack([light, u, v])


def _hsv_cone(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    r, g, b = rgb
    value, lowest = rgb.max(axis=0), rgb.min(axis=0)
    chroma = value - lowest  # s * v
    safe = np.where(chroma == 0, 1.0, chroma)
    sixth = np.where(value == r, (g - b) / safe, np.where(value == g, 2 + (b - r) / safe, 4 + (r - g) / safe))
    angle = sixth * (np.pi / 3)
    return 100 * np.stack([chroma * np.cos(angle), chroma * np.sin(angle), value])


_COLOR = {"lab": _lab, "luv": _luv, "hsv": _hsv_cone, "rgb": lambda rgb: rgb * (100 / np.sqrt(3))}
_GREY = {
    "lab": lambda v: _lightness_of_linear(_linear(v)),
    "luv": lambda v: _lightness_of_linear(_linear(v)),
    "hsv": lambda v: 100 * v,
    "rgb": lambda v: 100 * v,
}
