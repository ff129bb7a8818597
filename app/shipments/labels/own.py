"""Our own label: drawn anew each time it is printed, so that it never says what was before."""

from __future__ import annotations

from app.documents import label
from app.documents.contract import Parcel
from app.documents.label_zpl import zpl
from app.documents.paper import Paper
from app.shipments.contract import PDF, ZPL, Asked, File


class Own:
    """The marketplace's own label; no postage."""

    formats = ("pdf", "zpl")

    def make(self, asked: Asked) -> File | None:  # noqa: ARG002 - nothing has to be kept
        """Return that nothing has to be kept."""
        return None

    def print(self, kept: File | None, parcel: Parcel, form: str) -> File:  # noqa: ARG002 - drawn
        """Return the label as it is true now."""
        if form == "zpl":
            return File(ZPL, zpl(parcel).encode(), is_ours=True)
        paper = Paper(parcel.reference, parcel.marketplace)
        label.draw(paper, parcel)
        return File(PDF, paper.pdf(), is_ours=True)


provider = Own()
