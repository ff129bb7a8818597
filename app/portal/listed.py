"""A list that somebody pastes or sends as a file: its text."""

from __future__ import annotations

from flask import request

from app.portal.ship_form import file
from app.shared.errors import InvalidInput
from app.shared.language import _
from app.web.sheets import BOM


def text_sent(most_bytes: int) -> str:
    """Return the list: of the file if there is one, else as it was pasted."""
    content = file(request.files, most_bytes)
    text = request.form.get("rows", "") if content is None else _decoded(content)
    if len(text.encode()) > most_bytes:
        said = _("The list is larger than {n} kB; send it in parts.", n=most_bytes // 1000)
        raise InvalidInput(said, rows=said)
    return "".join(c for c in text if c.isprintable() or c in "\t\r\n").removeprefix(BOM)


def _decoded(content: bytes) -> str:
    if b"\x00" in content:
        said = _("This is no text. Save the sheet as CSV, then choose that file.")
        raise InvalidInput(said, file=said)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What spreadsheets of Western Europe write when nobody asks them for more.
        return content.decode("cp1252", errors="replace")
