"""scikit-image's felzenszwalb, as `answer` serves it."""

from answer import answer, map_each


def segment_once(picture, scale, sigma, min_size):
    from skimage.segmentation import felzenszwalb

    return felzenszwalb(picture, scale=scale, sigma=sigma, min_size=min_size)


if __name__ == "__main__":
    answer(map_each(segment_once))
