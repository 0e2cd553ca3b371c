"""Panoptic quality by its published formulas, pixel by pixel: slow, and importing nothing of classicseg."""


def counts(predicted, true, categories, true_categories, crowds=(), void=None, background=None):
    """{category: [sum of IoUs, TP, FP, FN]} of two label maps; `void` is a map of 0 and 1.

    Labels equal to `background` are no segments.
    """
    common, areas, true_areas, in_void = {}, {}, {}, {}
    for i, row in enumerate(true):
        for j, true_label in enumerate(row):
            label = predicted[i][j]
            areas[label] = areas.get(label, 0) + 1
            if void is not None and void[i][j]:
                in_void[label] = in_void.get(label, 0) + 1
                continue
            true_areas[true_label] = true_areas.get(true_label, 0) + 1
            common[label, true_label] = common.get((label, true_label), 0) + 1
    areas.pop(background, None)
    true_areas.pop(background, None)

    found, matched, matched_true = {}, set(), set()
    for (label, true_label), pixels in common.items():
        if label not in areas or true_label not in true_areas or true_label in crowds:
            continue
        if categories[label] != true_categories[true_label]:
            continue
        union = areas[label] - in_void.get(label, 0) + true_areas[true_label] - pixels
        if pixels * 2 > union:
            of_category = found.setdefault(categories[label], [0.0, 0, 0, 0])
            of_category[0] += pixels / union
            of_category[1] += 1
            matched.add(label)
            matched_true.add(true_label)
    for true_label in true_areas:
        if true_label not in matched_true and true_label not in crowds:
            found.setdefault(true_categories[true_label], [0.0, 0, 0, 0])[3] += 1
    for label, area in areas.items():
        ignored = in_void.get(label, 0)
        for crowd in crowds:
            if true_categories[crowd] == categories[label]:
                ignored += common.get((label, crowd), 0)
        if label not in matched and ignored * 2 <= area:
            found.setdefault(categories[label], [0.0, 0, 0, 0])[2] += 1
    return found


def figures(found):
    """(PQ, SQ, RQ), the means over categories, of what `counts` gives."""
    pq = sq = rq = 0.0
    for iou, tp, fp, fn in found.values():
        pq += iou / (tp + 0.5 * fp + 0.5 * fn)
        sq += iou / tp if tp else 0.0
        rq += tp / (tp + 0.5 * fp + 0.5 * fn)
    return pq / len(found), sq / len(found), rq / len(found)
