"""One step of expectation maximisation for a Gaussian mixture, after Bishop (2006), chapter 9."""

import math

import numpy as np


def densities(samples, weights, means, covariances):
    """w_k N(x_i; mu_k, Sigma_k) as an array (N, K)."""
    result = np.empty((len(samples), len(weights)))
    for i, x in enumerate(samples):
        for k, (weight, mean, covariance) in enumerate(zip(weights, means, covariances, strict=True)):
            away = x - mean
            exponent = -0.5 * away @ np.linalg.inv(covariance) @ away
            root = math.sqrt((2 * math.pi) ** len(mean) * np.linalg.det(covariance))
            result[i, k] = weight * math.exp(exponent) / root
    return result


def log_likelihood(samples, weights, means, covariances):
    """The mean over samples of log sum_k w_k N(x; mu_k, Sigma_k)."""
    return float(np.log(densities(samples, weights, means, covariances).sum(axis=1)).mean())


def mixture_of_clusters(samples, labels, count, kind, regularisation):
    """Weights, means and covariances of the samples of each label."""
    share = np.eye(count)[labels]
    return maximise(samples, share, kind, regularisation)


def em_step(samples, weights, means, covariances, kind, regularisation):
    """Weights, means and covariances after one step; covariances of every `kind` are full matrices (K, D, D)."""
    joint = densities(samples, weights, means, covariances)
    return maximise(samples, joint / joint.sum(axis=1, keepdims=True), kind, regularisation)


def maximise(samples, share, kind, regularisation):
    """The mixture of greatest likelihood where sample i belongs to component k by `share[i, k]`."""
    count, depth = share.shape[1], samples.shape[1]
    mass = share.sum(axis=0)
    new_means = np.array([sum(share[i, k] * x for i, x in enumerate(samples)) / mass[k] for k in range(count)])
    scatter = np.array(
        [
            sum(share[i, k] * np.outer(x - new_means[k], x - new_means[k]) for i, x in enumerate(samples))
            for k in range(count)
        ]
    )
    own = scatter / mass[:, None, None]
    if kind == "tied":
        own = np.array([scatter.sum(axis=0) / len(samples)] * count)
    elif kind == "diag":
        own = np.array([np.diag(np.diag(matrix)) for matrix in own])
    elif kind == "spherical":
        own = np.array([np.eye(depth) * np.trace(matrix) / depth for matrix in own])
    return mass / len(samples), new_means, own + regularisation * np.eye(depth)
