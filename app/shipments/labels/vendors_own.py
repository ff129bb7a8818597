"""The label that a vendor has from its carrier: a PDF or PNG of its own, with the number on it.

What kind of file it is its first bytes say, never its name. Pictures are drawn anew, the pages of a
PDF are written anew, and each once more before it is handed out: nothing else of a file is kept.
"""

from __future__ import annotations

import io

from PIL import Image

from app.documents import pages
from app.documents.contract import Parcel
from app.shared.errors import InvalidInput
from app.shared.language import _, later
from app.shipments.contract import PDF, PNG, Asked, File

MIB = 1024 * 1024
MOST_BYTES = 2 * MIB
# A label, and what its form says besides: its door lets no more through than this.
WITH_FORM = MOST_BYTES + MIB
# Four by six inches at 600 dots an inch are nine million.
MOST_PIXELS = 12_000_000
PDF_HEAD, PDF_TAIL, PNG_HEAD = b"%PDF-", b"%%EOF", b"\x89PNG\r\n\x1a\n"
# The last line of a PDF stands in its last kilobyte (ISO 32000-1, Annex H).
TAIL = 1024
# What is said of a PDF whose pages cannot be had.
UNHAD = {
    "broken": later("The PDF cannot be read: print it to a new PDF first."),
    "encrypted": later("The PDF is locked with a password: print it to a new PDF first."),
    "heavy": later("The PDF is too heavy: print it to a new PDF first."),
    "pages": later("The PDF has too many pages: keep those of the label."),
}
UNREADABLE = (OSError, SyntaxError, ValueError, TypeError, EOFError, MemoryError)
TOO_LARGE = (Image.DecompressionBombError, Image.DecompressionBombWarning)


class VendorsOwn:
    """A label that comes as a file."""

    formats = ("pdf",)

    def make(self, asked: Asked) -> File | None:
        """Return the file as it is kept; refuse what is no label, or has no carrier and number."""
        wrong = {}
        if not asked.carrier:
            wrong["carrier"] = _("Say which carrier the label is of.")
        if not asked.tracking_number:
            wrong["tracking_number"] = _("Type the number that stands on the label.")
        if asked.file is None:
            wrong["file"] = _("Choose the label's file: a PDF or a PNG.")
        if wrong:
            raise InvalidInput(_("The label was not taken."), **wrong)
        return asked.file

    def print(self, kept: File | None, parcel: Parcel, form: str) -> File:  # noqa: ARG002 - kept
        """Return the file as it was kept."""
        return checked(kept.content if kept else b"")


def checked(content: bytes) -> File:
    """Return a file with its true type; refuse one that is no plain PDF or PNG up to 2 MB."""
    if len(content) > MOST_BYTES:
        raise _refusal(_("The file is larger than {n} MB.", n=MOST_BYTES // MIB))
    if content.startswith(PNG_HEAD):
        return File(PNG, _drawn(content))
    if content.startswith(PDF_HEAD) and PDF_TAIL in content[-TAIL:]:
        return File(PDF, _written_anew(content))
    raise _refusal(_("The file is neither a PDF nor a PNG."))


def _written_anew(content: bytes) -> bytes:
    try:
        made = pages.written_anew(content)
    except pages.Unreadable as refusal:
        raise _refusal(_(UNHAD[refusal.why])) from None
    if len(made) > MOST_BYTES:
        raise _refusal(_("The file is larger than {n} MB.", n=MOST_BYTES // MIB))
    return made


def _drawn(content: bytes) -> bytes:
    """Return the pixels of a PNG and nothing that came with them."""
    try:
        with Image.open(io.BytesIO(content), formats=("PNG",)) as sent:
            if sent.width * sent.height > MOST_PIXELS:
                raise _refusal(_("The picture has too many pixels."))
            sent.load()
            shown = sent.convert("RGB" if sent.mode not in {"1", "L"} else sent.mode)
    except TOO_LARGE:
        raise _refusal(_("The picture has too many pixels.")) from None
    except UNREADABLE:
        raise _refusal(_("The picture cannot be read.")) from None
    clean = Image.new(shown.mode, shown.size)
    clean.paste(shown)
    packed = io.BytesIO()
    clean.save(packed, "PNG", optimize=True)
    if packed.tell() > MOST_BYTES:
        raise _refusal(_("The file is larger than {n} MB.", n=MOST_BYTES // MIB))
    return packed.getvalue()


def _refusal(why: str) -> InvalidInput:
    return InvalidInput(_("The label was not taken."), file=why)


provider = VendorsOwn()
