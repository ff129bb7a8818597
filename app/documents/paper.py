"""Paper: words as they can be printed, in fonts that have their signs, and codes that readers read.

Everything is drawn as text, sign by sign: no markup is read, no file is opened, nothing is fetched.
Lengths are points (1/72 inch), measured from the left and from the top.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from app.documents.bidi import visual

FONTS = Path(__file__).parent / "fonts"
PLAIN, BOLD = "Paper", "PaperBold"
# Adobe's own names for fonts that every reader of PDF brings along: a megabyte less a label.
CHINESE, JAPANESE, KOREAN = "STSong-Light", "HeiseiKakuGo-W5", "HYSMyeongJo-Medium"
# What is printed for a sign that no font of ours has.
UNKNOWN = "\N{WHITE SQUARE}"
# The longest name or line of an address that is still one; the rest is cut.
LONGEST = 200
# A printer of labels draws 203 dots an inch. Bars that begin and end on dots are read.
DOT = 72 / 203
INCH = 72.0
SIZES = {"a4": (595.28, 841.89), "letter": (612.0, 792.0), "label": (4 * INCH, 6 * INCH)}
# What is filled begins a little inside its first dot: no rounding then takes a dot more or less.
ON_DOT = 0.1
# What a bar code may say here: references of ours, and numbers of carriers.
CODE = re.compile(r"[0-9A-Z-]{1,40}", re.ASCII)
# ISO/IEC 15417 and 18004: so many modules beside a code stay white.
QUIET_BARS, QUIET_SQUARES = 10, 4
# Narrower bars than two dots are read by no scanner at a distance.
NARROWEST_BAR, WIDEST_BAR = 2, 4


def clean(words: object, longest: int = LONGEST) -> str:
    """Return words as they can be printed on one line.

    Without signs that cannot be seen or that turn others around, and cut where they get too long.
    """
    text = unicodedata.normalize("NFC", str(words or "")[: 4 * longest])
    spaced = "".join(" " if c.isspace() else c for c in text)
    # Categories of C: control, format (bidi overrides, joiners), surrogates, private, unassigned.
    kept = "".join(c for c in spaced if unicodedata.category(c)[0] != "C")
    line = " ".join(kept.split())
    return line if len(line) <= longest else f"{line[: longest - 1].rstrip()}…"


def paragraphs(words: str, longest: int = 1_000) -> list[str]:
    """Return what somebody wrote, line by line as they did, each as it can be printed."""
    lines = [clean(line, longest) for line in words[:longest].splitlines()]
    return [line for line in lines if line]


@cache
def _register() -> Any:
    """Have the fonts known, once a process; return those that we bring along."""
    from reportlab.pdfbase import pdfmetrics  # noqa: PLC0415 - only who prints needs it
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont  # noqa: PLC0415
    from reportlab.pdfbase.ttfonts import TTFont  # noqa: PLC0415

    pdfmetrics.registerFont(TTFont(PLAIN, FONTS / "DejaVuSans.ttf"))
    pdfmetrics.registerFont(TTFont(BOLD, FONTS / "DejaVuSans-Bold.ttf"))
    for name in (CHINESE, JAPANESE, KOREAN):
        pdfmetrics.registerFont(UnicodeCIDFont(name))
    return pdfmetrics


@cache
def _signs(font: str) -> frozenset[int]:
    # Beyond the first plane the file would tell readers (and machines) other signs than it draws.
    return frozenset(n for n in _register().getFont(font).face.charToGlyph if n <= 0xFFFF)  # noqa: PLR2004


def _eastern(sign: str, *, is_japanese: bool) -> str | None:
    """Return the font of a Chinese, Japanese or Korean sign; None of any other."""
    code = ord(sign)
    if 0xAC00 <= code <= 0xD7A3 or 0x3131 <= code <= 0x318E:  # noqa: PLR2004 - Hangul
        return KOREAN
    if 0x3041 <= code <= 0x30FF:  # noqa: PLR2004 - Hiragana and Katakana
        return JAPANESE
    # Signs from Han to their compatibility forms, points of sentences and full width letters.
    blocks = ((0x2E80, 0x3040), (0x3400, 0x9FFF), (0xF900, 0xFAFF), (0xFF01, 0xFFEE))
    if any(first <= code <= last for first, last in blocks):
        return JAPANESE if is_japanese else CHINESE
    return None


@cache
def _face(font: str) -> Any:
    return _register().getFont(font)


def _runs(line: str, font: str) -> Iterator[tuple[str, str]]:
    """Yield a drawn line in runs of one font each."""
    is_japanese = any("\u3041" <= sign <= "\u30ff" for sign in line)
    run, last = "", font
    for sign in line:
        here, drawn = font, sign
        if ord(sign) not in _signs(font):
            east = _eastern(sign, is_japanese=is_japanese)
            here, drawn = (east, sign) if east else (font, UNKNOWN)
        if here != last and run:
            yield run, last
            run = ""
        run, last = run + drawn, here
    if run:
        yield run, last


def width(line: str, size: float, *, bold: bool = False) -> float:
    """Return how wide a line is."""
    runs = _runs(visual(line), BOLD if bold else PLAIN)
    return sum(float(_face(font).stringWidth(run, size)) for run, font in runs)


def wrapped(
    words: str, size: float, room: float, *, bold: bool = False, most: int = 100
) -> list[str]:
    """Return words in lines that fit; what is more than `most` lines is cut, and shows it."""
    lines: list[str] = []
    for word in words.split():
        for piece in _pieces(word, size, room, bold=bold):
            joined = f"{lines[-1]} {piece}" if lines else piece
            if lines and width(joined, size, bold=bold) <= room:
                lines[-1] = joined
            else:
                lines.append(piece)
        if len(lines) > most:
            break
    if len(lines) > most:
        lines = lines[:most]
        lines[-1] = f"{lines[-1][:-2]}…"
    return lines


def _pieces(word: str, size: float, room: float, *, bold: bool) -> Iterator[str]:
    """Yield a word in pieces that fit a line; nearly every word is one."""
    while word:
        end = len(word)
        while end > 1 and width(word[:end], size, bold=bold) > room:
            # Words without blanks are long in some scripts: halve, do not crawl.
            end = max(1, min(end - 1, int(end * room / width(word[:end], size, bold=bold))))
        yield word[:end]
        word = word[end:]


class Paper:
    """Pages of one file; each begins with nothing of the one before."""

    def __init__(self, title: str, author: str) -> None:
        """Begin a file; its title is what a reader's window is called."""
        from reportlab.pdfgen.canvas import Canvas  # noqa: PLC0415 - only who prints needs it

        _register()
        self.file = io.BytesIO()
        # invariant: the same facts are the same bytes, whenever they are printed
        self.canvas = Canvas(self.file, pageCompression=1, invariant=1)
        self.canvas.setTitle(clean(title))
        self.canvas.setAuthor(clean(author))
        self.width = self.height = 0.0
        self.pages = 0

    def page(self, size: str) -> None:
        """Begin a page of one of SIZES."""
        if self.width:
            self.canvas.showPage()
        self.width, self.height = SIZES[size]
        self.canvas.setPageSize((self.width, self.height))
        self.pages += 1

    def pdf(self) -> bytes:
        """Return the file."""
        self.canvas.save()
        return self.file.getvalue()

    def picture(self, content: bytes) -> None:
        """Draw a picture on a label of its own, as large as it gets; a wide one is turned."""
        from reportlab.lib.utils import ImageReader  # noqa: PLC0415 - only who prints needs it

        self.page("label")
        image = ImageReader(io.BytesIO(content))
        wide, high = image.getSize()
        room = (self.width, self.height)
        self.canvas.saveState()
        if wide > high:
            self.canvas.translate(self.width, 0)
            self.canvas.rotate(90)
            room = (self.height, self.width)
        scale = min(room[0] / wide, room[1] / high)
        top = room[1] - high * scale
        self.canvas.drawImage(image, 0, top, wide * scale, high * scale)
        self.canvas.restoreState()

    def text(self, left: float, top: float, line: str, size: float, *, bold: bool = False) -> None:
        """Draw one line of clean words; `top` is where its letters stand."""
        at = left
        for run, font in _runs(visual(line), BOLD if bold else PLAIN):
            self.canvas.setFont(font, size)
            self.canvas.drawString(at, self.height - top, run)
            at += float(_face(font).stringWidth(run, size))

    def right(
        self, right: float, top: float, line: str, size: float, *, bold: bool = False
    ) -> None:
        """Draw one line that ends at `right`."""
        self.text(right - width(line, size, bold=bold), top, line, size, bold=bold)

    def middle(self, centre: float, top: float, line: str, size: float, **look: bool) -> None:
        """Draw one line around `centre`."""
        self.text(centre - width(line, size, **look) / 2, top, line, size, **look)

    def lines(
        self, left: float, top: float, lines: Sequence[str], size: float, **look: bool
    ) -> float:
        """Draw lines one below the other; return where the next one would stand."""
        for line in lines:
            self.text(left, top, line, size, **look)
            top += size * 1.25
        return top

    def rule(self, left: float, top: float, right: float, thick: float = 1.0) -> None:
        """Draw a line from left to right."""
        self.canvas.setLineWidth(thick)
        self.canvas.line(left, self.height - top, right, self.height - top)

    def box(self, left: float, top: float, edge: float) -> None:
        """Draw an empty square to tick."""
        self.canvas.setLineWidth(0.8)
        self.canvas.rect(left, self.height - top - edge, edge, edge)

    def bars(self, left: float, top: float, room: float, high: float, code: str) -> None:
        """Draw a code as Code 128 in the middle of its room, and in words below it.

        A code that is too long for bars that can be read stands in words only.
        A code that holds anything but digits, capital letters and hyphens is refused (ValueError).
        """
        from reportlab.graphics.barcode.code128 import Code128Auto  # noqa: PLC0415

        if not CODE.fullmatch(code):
            message = f"{code[:50]!r} is nothing for a bar code"
            raise ValueError(message)
        drawn = Code128Auto(code, barWidth=1, quiet=0)
        dots = min(WIDEST_BAR, int(room / DOT / (drawn.width + 2 * QUIET_BARS)))
        if dots >= NARROWEST_BAR:
            at = round((left + (room - drawn.width * dots * DOT) / 2) / DOT)
            for letter in drawn.decomposed:
                # "A" to "D" are bars of one to four modules, "a" to "d" the white between them.
                wide = (ord(letter.upper()) - ord("A") + 1) * dots
                if letter.isupper():
                    self._dark(at, self.height - top - high, wide, high)
                at += wide
        self.middle(left + room / 2, top + high + 11, spaced(code), 9, bold=True)

    def _dark(self, at: int, bottom: float, wide: int, high: float) -> None:
        """Fill whole dots: from a little inside their edges, that no rounding takes one more."""
        left, inside = (at + ON_DOT) * DOT, (wide - 2 * ON_DOT) * DOT
        self.canvas.rect(left, bottom, inside, high, stroke=0, fill=1)

    def squares(self, left: float, top: float, room: float, content: str) -> float:
        """Draw a QR code as large as fits its room, white space included; return how wide it is."""
        import segno  # noqa: PLC0415 - only who prints needs it

        matrix = segno.make(content, error="m", micro=False, boost_error=False).matrix
        dots = max(1, int(room / DOT / (len(matrix) + 2 * QUIET_SQUARES)))
        edge = dots * DOT
        left = round(left / DOT) * DOT + QUIET_SQUARES * edge
        bottom = round((self.height - top) / DOT) * DOT - QUIET_SQUARES * edge
        for y, row in enumerate(matrix):
            for start, run in _dark_runs(row):
                self.canvas.rect(
                    left + start * edge, bottom - (y + 1) * edge, run * edge, edge, stroke=0, fill=1
                )
        return float((len(matrix) + 2 * QUIET_SQUARES) * edge)


def _dark_runs(row: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield where the dark runs of a row begin and how long they are."""
    start = 0
    for end in range(len(row) + 1):
        if end == len(row) or not row[end]:
            if end > start:
                yield start, end - start
            start = end + 1


def spaced(code: str) -> str:
    """Return a long code in groups of four, as people compare it; a short one as it is."""
    if len(code) <= 14 or "-" in code:  # noqa: PLR2004 - as long as one reads at a glance
        return code
    return " ".join(code[n : n + 4] for n in range(0, len(code), 4))


def in_kilos(grams: int | None) -> str:
    """Return a weight as scales show it, "1.25 kg"; nothing where nobody weighed."""
    return f"{grams / 1000:.2f} kg" if grams else ""
