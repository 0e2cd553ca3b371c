"""COCO's compressed run lengths of one set of pixels, character by character."""


def text_of(mask):
    """The text for a mask, a list of rows of 0 and 1."""
    flat = [mask[row][column] for column in range(len(mask[0])) for row in range(len(mask))]
    counts, expected = [0], 0
    for value in flat:
        if value != expected:
            counts.append(0)
            expected = value
        counts[-1] += 1
    text = ""
    for place, count in enumerate(counts):
        number = count - counts[place - 2] if place > 2 else count
        while True:
            bits, number = number % 32, number // 32
            last = number == (-1 if bits >= 16 else 0)
            text += chr(48 + bits + (0 if last else 32))
            if last:
                break
    return text
