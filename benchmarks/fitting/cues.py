"""``python -m benchmarks.fitting.cues``: fit the weights of the boundary cues to training pictures of BSDS500.

Logistic regression, with no weight below 0, of how many annotators have a boundary near: over the places where the
summed strength is greatest across the edge, without the faintest fifth. It is done four times, each time where the
strengths by the last weights have their greatest; the first time all weights are even.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import click
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, map_coordinates
from scipy.optimize import minimize

from benchmarks.hierarchies.pictures import Picture, bsds_root, pictures_of
from classicseg.gradients.multiscale import ORIENTATIONS, Cue, cues_with, each_cue, label_maps
from classicseg.image import as_image

_ROUNDS = 4
_FAINT = 0.2  # of the places, which are left out
_NEAR = 0.7 * 0.0075  # of the picture's diagonal: a little less than the scores let boundaries lie apart
_RIDGE = 1e-6  # keeps weights of cues that tell the same from running away

Floats = NDArray[np.floating]


def crests(oriented: Floats) -> Floats:
    """(H, W): the strongest orientation's strength where it is no less than its neighbours' across the edge, else 0."""
    strongest = oriented.max(axis=0)
    angle = oriented.argmax(axis=0) * np.pi / ORIENTATIONS
    rows, columns = np.mgrid[: strongest.shape[0], : strongest.shape[1]]
    down, right = np.cos(angle), np.sin(angle)
    one, other = (
        map_coordinates(strongest, [rows + side * down, columns + side * right], order=1, mode="nearest")
        for side in (1, -1)
    )
    return np.where((strongest >= one) & (strongest > other), strongest, 0)


def places(picture: Picture, cues: Sequence[Cue]) -> tuple[Floats, Floats]:
    """The cues (M, C) at the crests of a picture, and the share of annotators with a boundary near (M,)."""
    image = as_image(picture.pixels())
    labels = label_maps(image.in_space("lab"), image.mask)
    values = np.stack(list(each_cue(labels, image.mask, cues)))
    oriented = np.einsum("c,ckyx->kyx", np.array([cue.weight for cue in cues], np.float32), values)
    found = crests(oriented)
    rows, columns = np.nonzero(found > np.quantile(found[found > 0], _FAINT))
    near = _NEAR * np.hypot(*found.shape)
    shares = np.mean([distance_transform_edt(~truth) <= near for truth in picture.boundaries()], axis=0)
    return values[:, oriented.argmax(axis=0)[rows, columns], rows, columns].T, shares[rows, columns]


def regression(values: Floats, shares: Floats) -> Floats:
    """Weights (C,) of at least 0 that make the shares most likely, beside a constant."""
    columns = np.column_stack([values, np.ones(len(values))])

    def loss(weights: Floats) -> tuple[float, Floats]:
        odds = columns @ weights
        lacking = 1 / (1 + np.exp(-odds)) - shares
        ridge = _RIDGE * np.append(weights[:-1], 0)
        value = np.mean(np.logaddexp(0, odds) - shares * odds) + ridge @ weights
        return float(value), columns.T @ lacking / len(shares) + 2 * ridge

    bounds = [(0, None)] * values.shape[1] + [(None, None)]
    found = minimize(loss, np.zeros(columns.shape[1]), jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x[:-1])


def weighted(cues: Sequence[Cue], weights: Floats) -> list[Cue]:
    """The cues with these weights, brought to a sum of 1."""
    shares = weights / weights.sum()
    return [replace(cue, weight=float(share)) for cue, share in zip(cues, shares, strict=True)]


@click.command()
@click.option("--every", type=click.IntRange(min=1), default=2, show_default=True, help="Of so many, the last.")
def main(every: int) -> None:
    """Fit on every second training picture, and print the weights of each round."""
    pictures = pictures_of(bsds_root(), "train")[every - 1 :: every]
    cues: Sequence[Cue] = cues_with(dict.fromkeys(("L", "a", "b", "texture"), (1 / 12,) * 3))
    for _ in range(_ROUNDS):
        found = [places(picture, cues) for picture in pictures]
        weights = regression(np.concatenate([each for each, _ in found]), np.concatenate([each for _, each in found]))
        cues = weighted(cues, weights)
        click.echo("\n".join(f"{cue.name:8} {cue.radius:5.1f} {cue.weight:.3f}" for cue in cues) + "\n")


if __name__ == "__main__":
    main()
