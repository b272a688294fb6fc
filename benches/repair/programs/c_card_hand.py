"""Rank hands of a simple family card game with four suits and values 1 to 13."""

from collections import Counter


def parse_card(text):
    """Read cards such as 'H7' or 'sk' as (suit, value)."""
    text = text.upper()
    faces = {"J": 11, "Q": 12, "K": 13, "A": 1}
    suit, rank = text[0], text[1:]
    value = faces.get(rank) or int(rank)
    if suit not in "CDHS" or not 1 <= value <= 13:
        raise ValueError("no such card " + text)
    return suit, value


def longest_run(values):
    """Length of the longest run of neighbouring values."""
    best = length = 0
    previous = None
    for value in sorted(set(values)):
        length = length + 1 if previous is not None and value == previous + 1 else 1
        best = max(best, length)
        previous = value
    return best


def rank_hand(cards):
    """Return [name, points] of the best thing in a hand."""
    hand = [parse_card(card) for card in cards]
    if len(set(hand)) != len(hand):
        raise ValueError("card is there twice")
    if not hand:
        return ["nothing", 0]
    values = [value for _, value in hand]
    counts = sorted(Counter(values).values(), reverse=True)
    one_suit = len({suit for suit, _ in hand}) == 1
    run = longest_run(values)
    if one_suit and len(hand) >= 3:
        return ["river" if run == len(hand) else "flood", 20 + run]
    if counts[0] == 4:
        return ["square", 30]
    if counts[0] == 3:
        return ["full tent" if 2 in counts else "triple", 15 + len(counts)]
    if run >= 3:
        return ["run", 3 * run]
    pairs = counts.count(2)
    if pairs:
        return ["pairs", 4 * pairs]
    return ["high", max(values)]
