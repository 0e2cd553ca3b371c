"""Distinct rows by a dictionary."""


def distinct_rows(samples):
    """Rows in order of first appearance, how often each comes, and the row of each sample."""
    numbers, counts, index = {}, [], []
    for sample in samples:
        number = numbers.setdefault(tuple(sample), len(numbers))
        if number == len(counts):
            counts.append(0)
        counts[number] += 1
        index.append(number)
    return [list(row) for row in numbers], counts, index
