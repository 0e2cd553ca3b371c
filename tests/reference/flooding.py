"""Vincent and Soille's immersion on two levels: segments are the basins of the lower one, their borders the upper one.

Written from L. Vincent and P. Soille, "Watersheds in digital spaces", IEEE TPAMI 13(6), 1991, with the queue's order
of the code that scored the ISBI 2012 challenge: columns outside, neighbours left, above, right, below.
"""

from collections import deque


def flood(labels):
    """Labels as a list of rows; 0 is border. Gives a list of rows in which 0 is line."""
    state = {(x, y): value or "dry" for y, row in enumerate(labels) for x, value in enumerate(row)}
    places = sorted(state)  # column by column

    def around(place):
        x, y = place
        return [each for each in ((x - 1, y), (x, y - 1), (x + 1, y), (x, y + 1)) if each in state]

    waiting = deque()
    for place in places:
        if state[place] == "dry" and any(isinstance(state[each], int) for each in around(place)):
            state[place] = "queued"
            waiting.append(place)
    flag = False
    while waiting:
        place = waiting.popleft()
        for each in around(place):
            if state[each] == "dry":
                state[each] = "queued"
                waiting.append(each)
            elif state[each] == 0:
                if state[place] == "queued":
                    state[place], flag = 0, True
            elif isinstance(state[each], int):
                if state[place] == "queued" or (state[place] == 0 and flag):
                    state[place] = state[each]
                elif isinstance(state[place], int) and state[place] > 0 and state[place] != state[each]:
                    state[place], flag = 0, False
    return [[state[x, y] for x in range(len(labels[0]))] for y in range(len(labels))]
