"""Files that come in: looked over while they are read, and kept in pieces."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import IO
from uuid import UUID

from sqlalchemy import text

from app.extensions import db
from app.intake.models import ImportPart
from app.shared import bulk
from app.shared.errors import InvalidInput

MIB = 1024 * 1024
LARGEST = 50 * MIB
# The file, and what a form says besides: a door lets no more through than this.
MOST_BYTES = LARGEST + MIB
# Pieces of this size are held, never a whole file.
PART = MIB
# What an order of hundreds of lines takes, many times over.
LONGEST_LINE = MIB
# How files begin that people take for text.
NO_TEXT = {
    b"PK\x03\x04": "is a workbook or a ZIP archive",
    b"\xd0\xcf\x11\xe0": "is an old Excel workbook",
    b"%PDF": "is a PDF",
    b"\xff\xfe": "is written in UTF-16",
    b"\xfe\xff": "is written in UTF-16",
    b"\x1f\x8b": "is compressed",
}
SAVE_AS = "Save it as CSV, UTF-8, and choose it again."

PARTS = text(
    "SELECT content FROM import_parts WHERE import_id = :id AND position >= :first"
    " ORDER BY position LIMIT 4"
)


class Unreadable(InvalidInput):
    """A file cannot be read on from a line: nobody can say where its next record begins."""


def keep(import_id: UUID, file: IO[bytes]) -> int:
    """Keep a file in pieces and return its size, in the open transaction.

    InvalidInput says of what is no text of ours where that begins: in which line, at which byte.
    """
    look, size = _Look(), 0
    for position, part in enumerate(iter(lambda: file.read(PART), b"")):
        size += len(part)
        if size > LARGEST:
            detail = f"The file is larger than {LARGEST // MIB} MB. Part it, and send each part."
            raise _refusal(detail)
        look.at(part)
        row = {"import_id": import_id, "position": position, "content": part}
        bulk.insert(ImportPart, [row])
    look.at(b"", is_end=True)
    if not size:
        raise _refusal("The file is empty.")
    return size


def _refusal(detail: str) -> InvalidInput:
    return InvalidInput("The file was not taken.", file=detail)


class _Look:
    """Looks a file over piece by piece: all of it must be UTF-8 without NUL."""

    def __init__(self) -> None:
        self.decoder = codecs.getincrementaldecoder("utf-8")()
        self.byte, self.line = 0, 1

    def at(self, part: bytes, *, is_end: bool = False) -> None:
        """Look at the next piece."""
        if self.byte == 0:
            self._refuse_no_text(part)
        pending = self.decoder.getstate()[0]
        try:
            self.decoder.decode(part, final=is_end)
        except UnicodeDecodeError as error:
            what = f"0x{error.object[error.start]:02X}"
            self._refuse(pending + part, error.start, len(pending), f"{what} is not UTF-8")
        if (at := part.find(b"\0")) >= 0:
            self._refuse(part, at, 0, "is a NUL")
        self.byte += len(part)
        self.line += part.count(b"\n")

    def _refuse_no_text(self, part: bytes) -> None:
        for begin, what in NO_TEXT.items():
            if part.startswith(begin):
                raise _refusal(f"The file {what}, not text. {SAVE_AS}")

    def _refuse(self, content: bytes, at: int, before: int, what: str) -> None:
        line = self.line + content[:at].count(b"\n")
        byte = self.byte + at - before + 1
        raise _refusal(f"Line {line}, byte {byte:,}: {what}. {SAVE_AS}")


def lines(import_id: UUID, byte: int, line: int) -> Iterator[bytes]:
    """Return the lines of a file from a byte on, with their ends; `line` is the first one's number.

    Unreadable names a line that is too long to be held.
    """
    rest = b""
    for part in _pieces(import_id, byte):
        *whole, rest = (rest + part).split(b"\n")
        for one in whole:
            _require_short(one, line)
            yield one + b"\n"
            line += 1
        _require_short(rest, line)
    if rest:
        yield rest


def _require_short(one: bytes, line: int) -> None:
    if len(one) > LONGEST_LINE:
        raise Unreadable(f"Line {line} is longer than {LONGEST_LINE // MIB} MB.")


def _pieces(import_id: UUID, byte: int) -> Iterator[bytes]:
    """Return what a file holds from a byte on, a few pieces at a time."""
    first, skip = divmod(byte, PART)
    while found := db.session.scalars(PARTS, {"id": import_id, "first": first}).all():
        for content in found:
            yield content[skip:]
            skip = 0
        first += len(found)
