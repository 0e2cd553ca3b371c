"""OpenCV's hierarchical feature selection (`cv2.hfs` of opencv-contrib-python 4), as `answer` serves it.

Its weights of colour, texture and boundary cues were trained by its authors on BSDS500.
"""

from answer import answer, map_each

_SIDE = 8  # pixels of a superpixel, the default


def segment_once(picture, threshold_1, min_size_1, threshold_2, min_size_2):
    import cv2

    height, width = picture.shape[:2]
    model = cv2.hfs.HfsSegment_create(height, width, threshold_1, min_size_1, threshold_2, min_size_2, 0.6, _SIDE, 5)
    return model.performSegmentCpu(picture[:, :, ::-1].copy(), False)


if __name__ == "__main__":
    answer(map_each(segment_once))
