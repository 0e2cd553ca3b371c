"""Borders of regions, what regions look like, and their merging, from the definitions, with dictionaries and lists."""

import math

REACH = 3


def _middle(places):
    return [sum(place[axis] for place in places) / len(places) for axis in (0, 1)]


def direction(regions, first, second):
    """Of the border between two pixels, in half turns: across the line between the middles of what lies near by."""
    rows = range(max(second[0] - REACH, 0), min(first[0] + REACH + 1, len(regions)))
    columns = range(max(second[1] - REACH, 0), min(first[1] + REACH + 1, len(regions[0])))
    one, other = (
        _middle([(r, c) for r in rows for c in columns if regions[r][c] == regions[place[0]][place[1]]])
        for place in (first, second)
    )
    return (math.atan2(one[0] - other[0], other[1] - one[1]) / math.pi + 0.5) % 1.0


def _strength(regions, oriented, first, second):
    turned = direction(regions, first, second) * len(oriented)
    share, index = turned % 1, int(turned) % len(oriented)
    total = 0.0
    for k, weight in ((index, 1 - share), ((index + 1) % len(oriented), share)):
        total += weight * sum(float(oriented[k][r][c]) for r, c in (first, second)) / 2
    return total


def borders(regions, oriented):
    """A dict of pairs of regions (from 0) to length and summed strength, as they are met; and what is on frames.

    Of each row the borders between left and right come first, then those to the row below.
    """
    height, width = len(regions), len(regions[0])
    found, frames = {}, dict.fromkeys(sorted({region - 1 for row in regions for region in row if region}), 0)
    for r in range(height):
        for down, right in ((0, 1), (1, 0)):
            for c in range(width):
                if r + down >= height or c + right >= width:
                    continue
                here, there = regions[r][c], regions[r + down][c + right]
                if here and there and here != there:
                    border = found.setdefault((min(here, there) - 1, max(here, there) - 1), [0, 0.0])
                    border[0] += 1
                    border[1] += _strength(regions, oriented, (r, c), (r + down, c + right))
    for r in range(height):
        for c in range(width):
            for y, x in ((r - 1, c), (r + 1, c), (r, c - 1), (r, c + 1)):
                outside = not (0 <= y < height and 0 <= x < width) or not regions[y][x]
                if regions[r][c] and outside:
                    frames[regions[r][c] - 1] += 1
    return found, frames


def looks(regions, planes, words, bins):
    """For each region its size, the sums of the planes, and how many pixels have each word of each map of words."""
    count = max(map(max, regions))
    sizes, sums = [0] * count, [[0.0] * len(planes) for _ in range(count)]
    histograms = [[[0] * each for each in bins] for _ in range(count)]
    for r, row in enumerate(regions):
        for c, region in enumerate(row):
            if not region:
                continue
            sizes[region - 1] += 1
            for d, plane in enumerate(planes):
                sums[region - 1][d] += plane[r][c]
            for m, each in enumerate(words):
                histograms[region - 1][m][each[r][c]] += 1
    return sizes, sums, [[times for each in parts for times in each] for parts in histograms]


class Merging:
    """Regions, and a list of borders: all are looked through for the lightest each time.

    `strengths` is a dict of pairs of regions to [length, summed strength]; `weigh(one, other, length, strength)` gets
    two regions, each a dict with "size", "perimeter", "sums" and "histogram".
    """

    def __init__(self, strengths, frames, sizes, sums, histograms, weigh):
        self.weigh = weigh
        self.regions = {
            n: {"size": sizes[n], "perimeter": frames[n], "sums": list(sums[n]), "histogram": list(histograms[n])}
            for n in range(len(sizes))
        }
        self.borders = [
            {"pair": {one, other}, "length": length, "strength": strength}
            for (one, other), (length, strength) in strengths.items()
        ]
        for border in self.borders:
            for n in border["pair"]:
                self.regions[n]["perimeter"] += border["length"]
        for number, region in self.regions.items():
            region["node"], region["weighed"] = number, region["size"]
        self.weigh_all(self.borders)

    def weigh_all(self, borders):
        for border in borders:
            one, other = (self.regions[n] for n in sorted(border["pair"]))
            border["weight"] = self.weigh(one, other, border["length"], border["strength"])

    def of(self, number):
        return [border for border in self.borders if number in border["pair"]]

    def nodes(self, border):
        return sorted(self.regions[n]["node"] for n in border["pair"])

    def merge(self, border, node):
        """Merge the two regions of a border, and weigh anew what the rule says."""
        more_first = sorted(border["pair"], key=lambda n: (-len(self.of(n)), n))
        kept, gone = more_first
        region, other = self.regions[kept], self.regions.pop(gone)
        self.borders.remove(border)
        region["node"] = node
        region["size"] += other["size"]
        region["perimeter"] += other["perimeter"] - 2 * border["length"]
        for name in ("sums", "histogram"):
            region[name] = [a + b for a, b in zip(region[name], other[name], strict=True)]
        changed = []
        for moved in self.of(gone):
            (beyond,) = moved["pair"] - {gone}
            same = [each for each in self.borders if each["pair"] == {kept, beyond}]
            if same:
                same[0]["length"] += moved["length"]
                same[0]["strength"] += moved["strength"]
                self.borders.remove(moved)
            else:
                moved["pair"] = {kept, beyond}
            changed.append(same[0] if same else moved)
        if region["size"] >= region["weighed"] * 17 / 16:
            region["weighed"], changed = region["size"], self.of(kept)
        self.weigh_all(changed)


def merged(start, follow=None):
    """Pairs of nodes, and weights, of the merging that `start()` begins.

    Always the lightest, of equals the one met first. With `follow`, pairs of nodes, these are merged instead, and there
    is a third list: the lightest weight of each time.
    """
    state, count = start(), len(start().regions)
    pairs, weights, lightest = [], [], []
    while state.borders:
        best = min(state.borders, key=lambda border: border["weight"])  # the first of these: they are in order
        lightest.append(best["weight"])
        if follow is not None:
            (best,) = [border for border in state.borders if state.nodes(border) == list(follow[len(pairs)])]
        pairs.append(state.nodes(best))
        weights.append(best["weight"])
        state.merge(best, count + len(pairs) - 1)
    return (pairs, weights) if follow is None else (pairs, weights, lightest)


def rule(one, other, length, strength, *, powers, color, color_scale, bins, total):
    """The weight of a border: powers are those of strength, smaller area, larger area and shared perimeter."""
    means = [[value / region["size"] for value in region["sums"]] for region in (one, other)]
    shares = [[value / region["size"] for value in region["histogram"]] for region in (one, other)]
    weight = (strength / length) ** powers[0] + color * (1 - math.exp(-math.dist(*means) / color_scale))
    for w, p, q in zip(bins, *shares, strict=True):
        if p + q > 0:
            weight += w * (p - q) ** 2 / (p + q)
    small, large = sorted((one["size"], other["size"]))
    shared = length / min(one["perimeter"], other["perimeter"])
    return weight * (small / total) ** powers[1] * (large / total) ** powers[2] * shared ** powers[3]
