"""The pick list: what to take from which bin on one walk, with codes to scan and boxes to tick."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.documents.paper import CODE, Paper, clean, width, wrapped
from app.documents.sheet import Sheet
from app.shared.language import _, _n

# As many boxes as one ticks one by one; more units are counted.
MOST_BOXES = 6
BOX, GAP = 11.0, 3.0
LINE_HIGH, BARS_HIGH, BARS_WIDE = 54.0, 24.0, 168.0
ORDER_HIGH, SQUARE = 74.0, 64.0


@dataclass(frozen=True, slots=True)
class PickLine:
    """Units of an article to take from a bin; `code` is what a scanner reads."""

    bin: str
    title: str
    sku: str
    code: str
    units: int
    about: str = ""
    tote: int | None = None


@dataclass(frozen=True, slots=True)
class PickOrder:
    """An order of the walk: its tote, how many units, and when it must have left, in words."""

    reference: str
    units: int
    due: str
    tote: int | None = None
    wish: str = ""


@dataclass(frozen=True, slots=True)
class PickList:
    """One walk through the bins of a place; lines in the order in which one walks past them."""

    title: str
    vendor: str
    place: str
    printed: str
    lines: Sequence[PickLine]
    orders: Sequence[PickOrder]


def draw(paper: Paper, picks: PickList, size: str) -> None:
    """Draw the list: the bin is the largest word of each line."""
    sheet = Sheet(paper, size, picks.title, picks.printed)
    units = sum(line.units for line in picks.lines)
    about = (
        _n("{n} unit", "{n} units", units),
        _n("{n} line", "{n} lines", len(picks.lines)),
        _n("{n} order", "{n} orders", len(picks.orders)),
    )
    sheet.write(", ".join(about), 1.15, bold=True)
    sheet.write(clean(" · ".join(filter(None, (picks.vendor, picks.place)))))
    sheet.gap(0.5)
    for line in picks.lines:
        _line(sheet, line)
    sheet.gap()
    if sheet.need(ORDER_HIGH + 3 * sheet.letters):
        sheet.gap(0)
    sheet.write(_("Orders"), 1.25, bold=True)
    for order in picks.orders:
        _order(sheet, order)


def _line(sheet: Sheet, line: PickLine) -> None:
    sheet.need(LINE_HIGH)
    paper, top, left = sheet.paper, sheet.top, sheet.edge
    paper.rule(left, top - sheet.letters, sheet.paper.width - left, 0.4)
    bin_wide = 96.0
    words = clean(line.bin, 40) or "-"
    scale = min(1.0, (bin_wide - 8) / max(1.0, width(words, 16, bold=True)))
    paper.text(left, top + 8, words, 16 * scale, bold=True)
    _boxes(paper, left, top + 17, line.units)
    room = sheet.room - bin_wide - BARS_WIDE - 56
    told = wrapped(clean(line.title), 10.5, room, bold=True, most=2)
    under = paper.lines(left + bin_wide, top + 3, told, 10.5, bold=True)
    about = clean(" · ".join(filter(None, (line.sku, line.about))))
    paper.lines(left + bin_wide, under, wrapped(about, 8.5, room, most=2), 8.5)
    at = left + bin_wide + room
    paper.right(at + 46, top + 8, f"{line.units}\N{MULTIPLICATION SIGN}", 16, bold=True)
    if line.tote is not None:
        paper.right(at + 46, top + 22, _("tote {n}", n=line.tote), 9, bold=True)
    _code(paper, at + 56, top - 6, line.code)
    sheet.top += LINE_HIGH


def _boxes(paper: Paper, left: float, top: float, units: int) -> None:
    """Draw a box for each unit, or one for all of many."""
    for n in range(units if units <= MOST_BOXES else 1):
        paper.box(left + n * (BOX + GAP), top, BOX)


def _code(paper: Paper, left: float, top: float, code: str) -> None:
    """Draw a code as bars; what bars cannot say, as squares."""
    if CODE.fullmatch(code):
        paper.bars(left, top, BARS_WIDE, BARS_HIGH, code)
    elif code:
        paper.squares(left + BARS_WIDE / 2 - BARS_HIGH, top - 2, 2 * BARS_HIGH - 4, code)


def _order(sheet: Sheet, order: PickOrder) -> None:
    sheet.need(ORDER_HIGH)
    paper, top, left = sheet.paper, sheet.top, sheet.edge
    paper.squares(left, top - sheet.letters, SQUARE, order.reference)
    at = left + SQUARE + 14
    tote = f"{_('Tote {n}', n=order.tote)} · " if order.tote is not None else ""
    paper.text(at, top + 8, f"{tote}{order.reference}", 14, bold=True)
    about = (_n("{n} unit", "{n} units", order.units), order.due, order.wish)
    paper.text(at, top + 24, clean(" · ".join(filter(None, about))), 10)
    paper.box(at, top + 34, BOX)
    paper.text(at + BOX + 5, top + 43, _("complete"), 10)
    sheet.top += ORDER_HIGH
