"""pymeanshift (EDISON's code), as `answer` serves it. It builds with NumPy below 2 only."""

from answer import answer, map_each

_MEDIUM = 1  # the speed-up that EDISON calls medium


def segment_once(picture, spatial_radius, range_radius, min_density):
    import pymeanshift

    _, labels, _ = pymeanshift.segment(picture, spatial_radius, range_radius, min_density, _MEDIUM)
    return labels


if __name__ == "__main__":
    answer(map_each(segment_once))
