"""COCO's average precision in plain Python over sets of pixels: slow, and importing nothing of classicseg."""


def average_precision(pictures, thresholds, max_detections=100):
    """The mean over categories and thresholds; None where no category has a true segment.

    A picture is a dictionary: `predicted` and `true` {label: set of pixels}, `scores` {label: number}, `categories` and
    `true_categories` {label: category}, `crowds` a set of true labels, `void` a set of pixels.
    """
    categories = {
        picture["true_categories"][label]
        for picture in pictures
        for label in picture["true"]
        if label not in picture["crowds"]
    }
    values = [of_category(pictures, category, t, max_detections) for category in categories for t in thresholds]
    return sum(values) / len(values) if values else None


def of_category(pictures, category, threshold, max_detections):
    outcomes, wanted = [], 0
    for picture in pictures:
        found = [label for label in picture["predicted"] if picture["categories"][label] == category]
        found = sorted(found, key=lambda label, scores=picture["scores"]: (-scores[label], label))[:max_detections]
        there = [label for label in picture["true"] if picture["true_categories"][label] == category]
        wanted += sum(label not in picture["crowds"] for label in there)
        outcomes += judge(picture, found, there, threshold)
    outcomes.sort(key=lambda outcome: -outcome[0])  # stable
    right = [is_right for _, is_right in outcomes if is_right is not None]
    points = [(sum(right[:n]) / wanted, sum(right[:n]) / n) for n in range(1, len(right) + 1)]
    total = 0.0
    for hundredth in range(101):
        total += max((p for r, p in points if r >= hundredth * 0.01), default=0.0)
    return total / 101


def judge(picture, found, there, threshold):
    """(score, True, False or None where ignored) of each predicted segment, in the order of falling scores."""
    free = [label for label in there if label not in picture["crowds"]]
    crowds = [picture["true"][label] for label in there if label in picture["crowds"]] + [picture["void"]]
    outcomes = []
    for label in found:
        part = picture["predicted"][label]
        ious = {other: len(part & picture["true"][other]) / len(part | picture["true"][other]) for other in free}
        best = max(free, key=lambda other, ious=ious: (ious[other], other), default=None)
        if best is not None and ious[best] >= threshold:
            free.remove(best)
            outcomes.append((picture["scores"][label], True))
        elif any(len(part & crowd) / len(part) >= threshold for crowd in crowds):
            outcomes.append((picture["scores"][label], None))
        else:
            outcomes.append((picture["scores"][label], False))
    return outcomes
