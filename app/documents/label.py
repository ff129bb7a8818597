"""Our own label, 4 x 6 inches: where from, where to, what it is, in words and in codes.

It is no postage: a carrier takes a parcel only with a label that its own system has made.
"""

from __future__ import annotations

from app.documents.contract import Parcel
from app.documents.paper import Paper, clean, in_kilos, wrapped
from app.shared.language import _
from app.web.words import day

EDGE, RIGHT, WIDE = 12.0, 276.0, 264.0
# Letters of the address, the largest that lets all of its lines stand there.
LARGEST, SMALLEST = 15.0, 8.0
TO_TOP, TO_END = 84.0, 190.0
QR_ROOM = 82.0


def draw(paper: Paper, parcel: Parcel) -> None:
    """Draw a parcel's label on a page of its own."""
    paper.page("label")
    _from(paper, parcel)
    paper.rule(EDGE, 68, RIGHT)
    _to(paper, parcel)
    paper.rule(EDGE, 196, RIGHT, 2)
    _number(paper, parcel)
    paper.rule(EDGE, 272, RIGHT)
    _about(paper, parcel)
    paper.bars(EDGE, 362, WIDE, 34, parcel.reference)
    paper.middle(144, 426, _("NOT A CARRIER LABEL"), 8, bold=True)


def _from(paper: Paper, parcel: Parcel) -> None:
    paper.text(EDGE, 18, _("From"), 7)
    paper.lines(EDGE, 30, [clean(parcel.vendor, 34)], 9, bold=True)
    lines = [line for words in parcel.sender for line in wrapped(clean(words), 7.5, 150, most=1)]
    paper.lines(EDGE, 41, lines[:3], 7.5)
    paper.right(RIGHT, 18, clean(parcel.marketplace, 24), 8)
    paper.right(RIGHT, 34, clean(parcel.service, 16).upper(), 12, bold=True)
    if parcel.day:
        paper.right(RIGHT, 48, _("promised"), 7)
        paper.right(RIGHT, 60, day(parcel.day), 10, bold=True)


def _to(paper: Paper, parcel: Parcel) -> None:
    name, *rest = [clean(line) for line in parcel.recipient] or [""]
    size = LARGEST
    while True:
        names = wrapped(name, size, WIDE, bold=True, most=2)
        lines = [line for words in rest for line in wrapped(words, size * 0.9, WIDE, most=3)]
        high = (len(names) + len(lines) * 0.9) * size * 1.25
        if high <= TO_END - TO_TOP - size or size <= SMALLEST:
            break
        size -= 0.5
    paper.text(EDGE, 78, _("To"), 7)
    top = paper.lines(EDGE, TO_TOP + size * 0.9, names, size, bold=True)
    room = int((TO_END - top) / (size * 1.125)) + 1
    paper.lines(EDGE, top, lines[:room], size * 0.9)


def _number(paper: Paper, parcel: Parcel) -> None:
    if not parcel.tracking_number:
        paper.middle(144, 238, _("Carrier and number: not known yet"), 9)
        return
    paper.text(EDGE, 208, clean(parcel.carrier, 30), 9, bold=True)
    paper.bars(EDGE, 213, WIDE, 36, parcel.tracking_number)


def _about(paper: Paper, parcel: Parcel) -> None:
    many = _("Parcel {number} of {total}", number=parcel.number, total=parcel.total)
    words = [parcel.work, many, in_kilos(parcel.weight_g), _("Gift") if parcel.is_gift else ""]
    paper.text(EDGE, 287, _("Order"), 7)
    top = paper.lines(
        EDGE, 301, wrapped(clean(parcel.order, 60), 12, 165, bold=True, most=2), 12, bold=True
    )
    paper.lines(EDGE, top + 1, [clean(word) for word in words if word], 9)
    wide = paper.squares(RIGHT - QR_ROOM, 272, QR_ROOM - 14, parcel.link)
    told = wrapped(clean(parcel.link), 4.2, QR_ROOM, most=3)
    for n, line in enumerate(told):
        paper.text(RIGHT - QR_ROOM, 274 + wide + 3 + n * 5, line, 4.2)
