"""The gift note: what somebody wrote to whoever opens the parcel, and nothing of its price."""

from __future__ import annotations

from app.documents.paper import SIZES, Paper, clean, paragraphs, wrapped

# Letters of the message, the largest that lets all of it stand there.
LARGEST, SMALLEST = 20.0, 7.0
LONGEST = 1_000


def draw(paper: Paper, message: str, marketplace: str, size: str) -> None:
    """Draw a message on a page of its own, in the middle of it."""
    paper.page(size)
    wide, high = SIZES[size]
    room, most = wide * 0.72, high * 0.7
    letters = LARGEST
    while True:
        lines = [
            line for words in paragraphs(message, LONGEST) for line in wrapped(words, letters, room)
        ]
        if len(lines) * letters * 1.4 <= most or letters <= SMALLEST:
            break
        letters -= 1
    top = max(high * 0.12, (high - len(lines) * letters * 1.4) / 2)
    for line in lines:
        paper.middle(wide / 2, top, line, letters)
        top += letters * 1.4
    paper.middle(wide / 2, high - 30, clean(marketplace, 60), 8)
