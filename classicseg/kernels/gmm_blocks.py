"""Expectation for a block of samples at a time: shares of the components, and the moments that maximisation needs.

A block is a fixed number of samples as planes, so that the innermost loops run over samples beside each other and
become vector code; the last block is filled up with samples of weight 0. Sums over samples keep as many lanes as a
quarter of a block, because the order of float sums is part of the result: a single running sum is no vector code.

Samples are homogeneous, h = (1, x_1, ..., x_D): whitening F x - F mu is one matrix (D, 1 + D) times h, and the sums of
shares, of share times x and of share times x x^T are the lower triangle of one matrix, the sum of share times h h^T.
"""

from __future__ import annotations

import numpy as np

from classicseg.kernels.compile import kernel
from classicseg.kernels.exponential import exp64, log64

_BLOCK = 128
_LANES = _BLOCK // 4
_FOLDED = _LANES // 4
# Where planes and quarters of a block begin. Loads and stores whose offsets the compiler knows need no check that keeps
# them apart while the loop runs.
_X, _Y, _Z = _BLOCK, 2 * _BLOCK, 3 * _BLOCK
_2ND, _3RD, _4TH = _LANES, 2 * _LANES, 3 * _LANES
_COLOUR_MOMENTS = 10
_NEGLIGIBLE = 40.0  # e^-40 = 4e-18 is less than float64 can tell beside 1


@kernel
def _load(planes, weights, start, size, center, h, weight):
    """The block's samples about `center`, and their weights: 0 where the block is longer than what is left."""
    for d in range(len(planes)):
        row, middle = planes[d, start : start + size], center[d]
        out = h[(1 + d) * _BLOCK : (2 + d) * _BLOCK]
        for j in range(size):
            out[j] = np.float64(row[j]) - middle
    own = weights[start : start + size]
    for j in range(size):
        weight[j] = own[j]
    for j in range(size, _BLOCK):
        weight[j] = 0.0


@kernel
def _colour_logarithms(h, constant, factor, out):
    """`_logarithms` for three planes, written out."""
    f0, f00 = factor[0, 0], factor[0, 1]
    f1, f10, f11 = factor[1, 0], factor[1, 1], factor[1, 2]
    f2, f20, f21, f22 = factor[2, 0], factor[2, 1], factor[2, 2], factor[2, 3]
    for j in range(_BLOCK):
        x, y, z = h[_X + j], h[_Y + j], h[_Z + j]
        w0 = f0 + f00 * x
        w1 = (f1 + f10 * x) + f11 * y
        w2 = (f2 + f20 * x) + (f21 * y + f22 * z)
        out[j] = constant - ((w0 * w0 + w1 * w1) + w2 * w2)


@kernel
def _logarithms(h, constant, factor, diagonal, whitened, out):
    """out = log w N(x; mu, Sigma) = constant - |factor h|^2, for each sample of the block.

    Four planes at a time: `factor` and `h` go on to the next multiple of four, with zeros in `factor`.
    """
    for j in range(_BLOCK):
        out[j] = constant
    for row in range(len(factor)):
        for j in range(_BLOCK):
            whitened[j] = factor[row, 0]
        for column in range(1 + row // 4 * 4 if diagonal else 1, row + 2, 4):
            f0, f1 = factor[row, column], factor[row, column + 1]
            f2, f3 = factor[row, column + 2], factor[row, column + 3]
            a = h[column * _BLOCK : (column + 4) * _BLOCK]
            for j in range(_BLOCK):
                whitened[j] += _four(f0, f1, f2, f3, a[j], a[j + _BLOCK], a[j + 2 * _BLOCK], a[j + 3 * _BLOCK])
        for j in range(_BLOCK):
            out[j] -= whitened[j] * whitened[j]


@kernel
def _four(a0, a1, a2, a3, b0, b1, b2, b3):
    return (a0 * b0 + a1 * b1) + (a2 * b2 + a3 * b3)


@kernel
def _soften(h, constants, factors, diagonal, scratch, joint, top, total, present):
    """joint[k] = w_k N(x; mu_k, Sigma_k) / e^top and total = sum_k joint[k], with top the greatest logarithm of them.

    Where joint[k] is negligible all over the block, it is left undone and `present` is False.
    """
    count, depth = factors.shape[:2]
    for j in range(_BLOCK):
        top[j] = -np.inf
        total[j] = 0.0
    for k in range(count):
        row = joint[k]
        if depth == 3:
            _colour_logarithms(h, constants[k], factors[k], row)
        else:
            _logarithms(h, constants[k], factors[k], diagonal, scratch, row)
        for j in range(_BLOCK):
            top[j] = max(top[j], row[j])
    for k in range(count):
        row, near = joint[k], 0
        for j in range(_BLOCK):
            near += row[j] > top[j] - _NEGLIGIBLE
        present[k] = near > 0
        if present[k]:
            for j in range(_BLOCK):
                row[j] = exp64(row[j] - top[j])
                total[j] += row[j]


@kernel
def _add_colour_moments(h, p, lanes):
    """Add p h h^T of a block of three planes to ten rows of `lanes`, one after the other."""
    for j in range(_LANES):
        p0, p1, p2, p3 = p[j], p[j + _2ND], p[j + _3RD], p[j + _4TH]
        x0, x1, x2, x3 = h[_X + j], h[_X + j + _2ND], h[_X + j + _3RD], h[_X + j + _4TH]
        y0, y1, y2, y3 = h[_Y + j], h[_Y + j + _2ND], h[_Y + j + _3RD], h[_Y + j + _4TH]
        z0, z1, z2, z3 = h[_Z + j], h[_Z + j + _2ND], h[_Z + j + _3RD], h[_Z + j + _4TH]
        lanes[j] += (p0 + p1) + (p2 + p3)
        u0, u1, u2, u3 = p0 * x0, p1 * x1, p2 * x2, p3 * x3
        lanes[_LANES + j] += (u0 + u1) + (u2 + u3)
        lanes[2 * _LANES + j] += _four(u0, u1, u2, u3, x0, x1, x2, x3)
        lanes[4 * _LANES + j] += _four(u0, u1, u2, u3, y0, y1, y2, y3)
        lanes[7 * _LANES + j] += _four(u0, u1, u2, u3, z0, z1, z2, z3)
        u0, u1, u2, u3 = p0 * y0, p1 * y1, p2 * y2, p3 * y3
        lanes[3 * _LANES + j] += (u0 + u1) + (u2 + u3)
        lanes[5 * _LANES + j] += _four(u0, u1, u2, u3, y0, y1, y2, y3)
        lanes[8 * _LANES + j] += _four(u0, u1, u2, u3, z0, z1, z2, z3)
        u0, u1, u2, u3 = p0 * z0, p1 * z1, p2 * z2, p3 * z3
        lanes[6 * _LANES + j] += (u0 + u1) + (u2 + u3)
        lanes[9 * _LANES + j] += _four(u0, u1, u2, u3, z0, z1, z2, z3)


@kernel
def _add_moments(h, p, depth, diagonal, weighted, lanes, moments):
    """Add p h h^T of a block to its lower triangle in `moments`; where `diagonal`, of x x^T the diagonal only."""
    for row in range(depth + 1):
        a = h[row * _BLOCK : (row + 1) * _BLOCK]
        for j in range(_BLOCK):
            weighted[j] = p[j] * a[j]
        for column in range(row + 1):
            if diagonal and 0 < column < row:
                continue
            b = h[column * _BLOCK : (column + 1) * _BLOCK]
            for j in range(_LANES):
                lanes[j] = _four(
                    weighted[j], weighted[j + _2ND], weighted[j + _3RD], weighted[j + _4TH],
                    b[j], b[j + _2ND], b[j + _3RD], b[j + _4TH],
                )  # fmt: skip
            moments[row * (row + 1) // 2 + column] += _sum(lanes)


@kernel
def _sum(lanes):
    """The sum of all lanes, always in the same order; they are spent."""
    for j in range(_FOLDED):
        lanes[j] = (lanes[j] + lanes[j + _FOLDED]) + (lanes[j + 2 * _FOLDED] + lanes[j + 3 * _FOLDED])
    total = 0.0
    for j in range(_FOLDED):
        total += lanes[j]
    return total


@kernel
def add_up(planes, weights, center, begin, end, constants, factors, diagonal, moments, posteriors):
    """Add share times h h^T over the samples begin..end - 1 to `moments` (K, ...); returns their log-likelihoods' sum.

    `constants` and `factors` are those of `gmm_steps.prepare`. `posteriors` (K, n) takes the components' shares of each
    sample; leave it empty where nobody asks for them.
    """
    count, depth, planes_of_h = factors.shape
    h, weight, lanes, scratch = np.ones(planes_of_h * _BLOCK), np.empty(_BLOCK), np.empty(_LANES), np.empty(_BLOCK)
    joint, top, total = np.empty((count, _BLOCK)), np.empty(_BLOCK), np.empty(_BLOCK)
    present = np.empty(count, np.bool_)
    likelihood, colour_lanes = np.zeros(_BLOCK), np.zeros((count, _COLOUR_MOMENTS * _LANES))
    for start in range(begin, end, _BLOCK):
        size = min(_BLOCK, end - start)
        _load(planes, weights, start, size, center, h, weight)
        _soften(h, constants, factors, diagonal, scratch, joint, top, total, present)
        for j in range(_BLOCK):
            likelihood[j] += weight[j] * (top[j] + log64(total[j]))
        for j in range(_BLOCK):
            top[j] = weight[j] / total[j]
        for k in range(count):
            p = joint[k]
            if posteriors.shape[1]:
                for j in range(size):
                    posteriors[k, start + j] = p[j] / total[j] if present[k] else 0.0
            if not present[k]:
                continue
            for j in range(_BLOCK):
                p[j] *= top[j]
            if depth == 3:
                _add_colour_moments(h, p, colour_lanes[k])
            else:
                _add_moments(h, p, depth, diagonal, scratch, lanes, moments[k])
    if depth == 3:
        for k in range(count):
            for m in range(_COLOUR_MOMENTS):
                moments[k, m] += _sum(colour_lanes[k, m * _LANES : (m + 1) * _LANES])
    for j in range(_LANES):
        lanes[j] = (likelihood[j] + likelihood[j + _2ND]) + (likelihood[j + _3RD] + likelihood[j + _4TH])
    return _sum(lanes)


@kernel
def add_up_clusters(planes, weights, center, begin, end, labels, moments):
    """Add h h^T of each sample to the moments of the one component that `labels` names."""
    depth = len(planes)
    h = np.ones(1 + depth)
    for i in range(begin, end):
        for d in range(depth):
            h[1 + d] = np.float64(planes[d, i]) - center[d]
        own, at = moments[labels[i]], 0
        for row in range(1 + depth):
            weighted = weights[i] * h[row]
            for column in range(row + 1):
                own[at] += weighted * h[column]
                at += 1
