"""The same label for printers that speak ZPL, at 203 dots an inch.

Text is UTF-8 (^CI28) in the printer's own font; which scripts that has is the printer's matter, so
those who send to the whole world print the PDF. Signs that ZPL takes for commands are left out.
"""

from __future__ import annotations

from app.documents.contract import Parcel
from app.documents.paper import (
    CODE,
    NARROWEST_BAR,
    QUIET_BARS,
    WIDEST_BAR,
    clean,
    in_kilos,
    spaced,
)
from app.shared.language import _
from app.web.words import day

WIDE, HIGH, EDGE, ROOM = 812, 1218, 34, 744
COMMANDS = str.maketrans({"^": " ", "~": " ", "\\": " "})
MOST_LINES = 7


def zpl(parcel: Parcel) -> str:
    """Return a parcel's label as the commands of a printer."""
    fields = [
        _text(34, 30, _("From"), 20, 400),
        _text(58, 30, parcel.vendor, 26, 460),
        *(_text(88 + 24 * n, 30, line, 22, 460) for n, line in enumerate(parcel.sender[:3])),
        _text(34, 500, parcel.marketplace, 22, 280, "R"),
        _text(64, 500, parcel.service.upper(), 34, 280, "R"),
        _text(106, 500, day(parcel.day) if parcel.day else "", 28, 280, "R"),
        _rule(190, 3),
        _text(204, EDGE, _("To"), 20, 300),
        *_to(parcel),
        _rule(552, 5),
        *_number(parcel),
        _rule(766, 3),
        *_about(parcel),
        *_bars(1020, 96, parcel.reference),
        _text(1182, EDGE, _("NOT A CARRIER LABEL"), 24, ROOM, "C"),
    ]
    head = f"^XA^CI28^PA0,1,1,0^PW{WIDE}^LL{HIGH}^LH0,0"
    return "\n".join([head, *filter(None, fields), "^XZ", ""])


def _text(  # noqa: PLR0913, PLR0917 - a field of a label has that many
    top: int, left: int, words: str, size: int, room: int, side: str = "L"
) -> str:
    told = clean(words, 120).translate(COMMANDS).strip()
    return f"^FO{left},{top}^A0N,{size},{size}^FB{room},1,0,{side}^FD{told}^FS" if told else ""


def _rule(top: int, thick: int) -> str:
    return f"^FO{EDGE},{top}^GB{ROOM},{thick},{thick}^FS"


def _to(parcel: Parcel) -> list[str]:
    lines = parcel.recipient[:MOST_LINES]
    return [
        _text(228 + 45 * n, EDGE, line, 40 if n == 0 else 36, ROOM) for n, line in enumerate(lines)
    ]


def _number(parcel: Parcel) -> list[str]:
    if not parcel.tracking_number:
        return [_text(650, EDGE, _("Carrier and number: not known yet"), 26, ROOM, "C")]
    return [
        _text(568, EDGE, parcel.carrier, 26, ROOM),
        *_bars(600, 100, parcel.tracking_number),
    ]


def _bars(top: int, high: int, code: str) -> list[str]:
    """Return a code as Code 128 in the middle, and in words below it."""
    if not CODE.fullmatch(code):
        message = f"{code[:50]!r} is nothing for a bar code"
        raise ValueError(message)
    # As the PDF does: as wide as fits with white on both sides. Digits go two by two.
    modules = 11 * (len(code) / 2 if code.isdecimal() else len(code)) + 46
    dots = min(WIDEST_BAR, int(ROOM / (modules + 2 * QUIET_BARS)))
    left = max(EDGE, int((WIDE - modules * dots) / 2))
    bars = f"^FO{left},{top}^BY{dots}^BCN,{high},N,N,N,A^FD{code}^FS"
    return [
        bars if dots >= NARROWEST_BAR else "",
        _text(top + high + 10, EDGE, spaced(code), 28, ROOM, "C"),
    ]


def _about(parcel: Parcel) -> list[str]:
    many = _("Parcel {number} of {total}", number=parcel.number, total=parcel.total)
    words = [parcel.work, many, in_kilos(parcel.weight_g), _("Gift") if parcel.is_gift else ""]
    told = [word for word in words if word]
    return [
        _text(782, EDGE, _("Order"), 20, 400),
        _text(806, EDGE, parcel.order, 36, 500),
        *(_text(852 + 34 * n, EDGE, word, 28, 500) for n, word in enumerate(told)),
        f"^FO590,782^BQN,2,4^FDMA,{clean(parcel.link).translate(COMMANDS)}^FS",
    ]
