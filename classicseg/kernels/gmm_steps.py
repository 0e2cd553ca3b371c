"""Maximisation: moments become a mixture, and a mixture becomes the factors that expectation multiplies with.

Compiled, since NumPy's calls on a few small matrices cost more than the sums over a photograph's colours.
"""

from __future__ import annotations

import math

import numpy as np

from classicseg.kernels.compile import kernel

FULL, TIED, DIAGONAL, SPHERICAL = range(4)

_LOG_2_PI = math.log(2 * math.pi)
_ROOT_HALF = math.sqrt(0.5)
_LEAST_SHARE = 10 * float(np.finfo(np.float64).eps)  # added to a component's share, as in scikit-learn
# Squared colour units; `reg_covar`, which is at least 1e-9, keeps pivots above this whatever rounding does.
_LEAST_PIVOT = 1e-12


@kernel
def maximise(moments, shape, regularisation, weights, means, covariances):
    """Fill the mixture of which `moments` (K, (D + 1) (D + 2) / 2) are the sums of share times h h^T, h = (1, x).

    A component's weight is its share of all samples, its mean that of x, its covariance that of (x - mu)(x - mu)^T.
    `shape` says what covariances have in common: TIED ones are averaged by share, DIAGONAL ones keep their diagonal,
    SPHERICAL ones its mean. `regularisation` is added to their diagonals.
    """
    count, depth = means.shape
    total = 0.0
    for k in range(count):
        total += moments[k, 0]
    for k in range(count):
        weights[k] = moments[k, 0] / total
    for row in range(depth):
        at = (row + 1) * (row + 2) // 2
        for k in range(count):
            means[k, row] = moments[k, at] / (moments[k, 0] + _LEAST_SHARE)
        for column in range(row + 1):
            pooled = 0.0
            for k in range(count):
                share = moments[k, 0] + _LEAST_SHARE
                value = moments[k, at + 1 + column] / share - means[k, row] * means[k, column]
                if shape >= DIAGONAL and column < row:
                    value = 0.0
                pooled += share * value
                covariances[k, row, column] = value
            for k in range(count):
                if shape == TIED:
                    covariances[k, row, column] = pooled / (total + count * _LEAST_SHARE)
                covariances[k, column, row] = covariances[k, row, column]
    for k in range(count):
        trace = 0.0
        for d in range(depth):
            trace += covariances[k, d, d]
        for d in range(depth):
            covariances[k, d, d] = regularisation + (trace / depth if shape == SPHERICAL else covariances[k, d, d])


@kernel
def prepare(weights, means, covariances, diagonal, constants, factors):
    """What turns log w_k N(x; mu_k, Sigma_k) into constants[k] - |factors[k] h|^2, with h = (1, x). O(K D^3).

    With L L^T = Sigma (Cholesky), the factor is (-F mu, F) for F = L^-1 / sqrt(2), and the constant is
    log w - log det L - D / 2 log(2 pi). `factors` comes with zeros, (K, D, 1 + D) or wider.
    """
    count, depth = means.shape
    root = np.zeros((depth, depth))
    for k in range(count):
        matrix, factor = covariances[k], factors[k]
        constant = -0.5 * depth * _LOG_2_PI
        for row in range(depth):
            first = row if diagonal else 0
            for column in range(first, row + 1):
                value = matrix[row, column]
                for i in range(first, column):
                    value -= root[row, i] * root[column, i]
                if column < row:
                    root[row, column] = value / root[column, column]
                else:
                    root[row, row] = np.sqrt(max(value, _LEAST_PIVOT))
            # The row of L^-1 / sqrt(2), by forward substitution with the rows before it.
            shift = 0.0
            for column in range(first, row + 1):
                value = _ROOT_HALF if column == row else 0.0
                for i in range(column, row):
                    value -= root[row, i] * factor[i, 1 + column]
                factor[row, 1 + column] = value / root[row, row]
                shift -= factor[row, 1 + column] * means[k, column]
            factor[row, 0] = shift
            constant -= np.log(root[row, row])
        # A component may lose all its weight: log 0 is -inf, its posterior 0.
        constants[k] = constant + np.log(weights[k]) if weights[k] > 0.0 else -np.inf
