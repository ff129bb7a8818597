"""Lines of several scripts in the order in which they are printed, and Arabic letters joined.

Printing knows neither: it draws one sign beside the other, from the left. This is the part of the
Unicode bidirectional algorithm (UAX 9) that names and streets need: lines without embeddings.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache

RIGHT, NUMBERS = {"R", "AL"}, {"EN", "AN"}
BRACKETS = dict(zip("()[]{}<>«»", ")(][}{><»«", strict=True))
# The presentation forms of Arabic letters, each naming the letter that it is a form of.
FORMS = (*range(0xFB50, 0xFC00), *range(0xFE80, 0xFF00))
# By whether a letter joins the one before it and the one after it.
SHAPES = {
    (False, False): "isolated",
    (False, True): "initial",
    (True, True): "medial",
    (True, False): "final",
}
LAM = "\N{ARABIC LETTER LAM}"


@cache
def _shapes() -> dict[str, dict[str, str]]:
    """Return the forms of each letter, and of lam with alef, by shape."""
    found: dict[str, dict[str, str]] = {}
    for code in FORMS:
        shape, *letters = unicodedata.decomposition(chr(code)).split() or [""]
        name = "".join(chr(int(letter, 16)) for letter in letters)
        found.setdefault(name, {})[shape.strip("<>")] = chr(code)
    return found


def joined(text: str) -> str:
    """Return a text whose Arabic letters have the forms in which they stand in words."""
    letters = list(_letters(text))
    # Vowel marks stand on letters and part none from the other.
    places = [n for n, letter in enumerate(letters) if unicodedata.category(letter[0]) != "Mn"]
    forms = [_shapes().get(letters[n], {}) for n in places]
    for at, n in enumerate(places):
        own = forms[at]
        before = at > 0 and "initial" in forms[at - 1] and "final" in own
        after = at + 1 < len(places) and "initial" in own and "final" in forms[at + 1]
        letters[n] = own.get(SHAPES[before, after], letters[n])
    return "".join(letters)


def _letters(text: str) -> Iterator[str]:
    """Yield the letters of a text, lam and alef as one: nobody writes them apart."""
    n = 0
    while n < len(text):
        step = 2 if text[n] == LAM and text[n : n + 2] in _shapes() else 1
        yield text[n : n + step]
        n += step


def visual(text: str) -> str:
    """Return a line as it is drawn from the left: what runs to the left is turned around."""
    if not any(unicodedata.bidirectional(letter) in RIGHT for letter in text):
        return text
    text = joined(text)
    kinds = [unicodedata.bidirectional(letter) for letter in text]
    base = next(int(kind in RIGHT) for kind in kinds if kind in RIGHT or kind == "L")
    return _turned(text, _levels(kinds, base))


def _levels(kinds: Sequence[str], base: int) -> list[int]:
    """Return how deep each sign is inside runs of another direction; odd ones run to the left."""
    ways = list(_ways(kinds))
    levels, before = [], base
    for n, kind in enumerate(kinds):
        way = ways[n]
        if way is None:
            after = next((one for one in ways[n + 1 :] if one is not None), base)
            way = before if before == after else base
        else:
            before = way
        # A number reads from the left even between words that do not.
        is_number = way and ways[n] is not None and kind not in RIGHT
        levels.append(2 if is_number else 1 if way else 2 * base)
    return levels


def _ways(kinds: Sequence[str]) -> Iterator[int | None]:
    """Yield which way each sign runs: 1 to the left, 0 to the right, None as those beside it.

    Numbers, with one point or stroke between two digits, go with the word before them.
    """
    way = 0
    for n, kind in enumerate(kinds):
        if kind in RIGHT or kind == "L":
            way = int(kind in RIGHT)
            yield way
        else:
            beside = {*kinds[max(n - 1, 0) : n], *kinds[n + 1 : n + 2]}
            is_inside = kind in {"CS", "ES"} and n + 1 < len(kinds) and beside <= NUMBERS
            yield way if kind in NUMBERS or is_inside else None


def _turned(text: str, levels: list[int]) -> str:
    signs = [BRACKETS.get(c, c) if level % 2 else c for c, level in zip(text, levels, strict=True)]
    for least in range(max(levels), 0, -1):
        start = 0
        while start < len(signs):
            end = start
            while end < len(signs) and levels[end] >= least:
                end += 1
            signs[start:end] = reversed(signs[start:end])
            levels[start:end] = reversed(levels[start:end])
            start = max(end, start + 1)
    return "".join(signs)
