"""Labels that vendors brought as files, as pages among the papers that we draw."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import text

from app.documents import pages
from app.documents.paper import Paper, wrapped
from app.extensions import db
from app.shared.errors import Conflict
from app.shared.language import _
from app.shipments.contract import PNG
from app.shipments.models import Label
from app.shipments.packages import Packed

# So much of them is bound in one file; each weighs 2 MB at most, and nearly all far less.
MOST_TOGETHER = 24 * 1024 * 1024
CONTENTS = text(
    "SELECT id, CASE WHEN sum(length(content)) OVER () <= :most THEN content END AS content"
    " FROM labels WHERE id = ANY(:ids)"
)
EDGE, ROOM = 20.0, 248.0


class Brought:
    """The files of labels, and where among our pages each comes."""

    def __init__(self, packed: Iterable[Packed]) -> None:
        """Read the files of those that have one."""
        ids = [one.label.id for one in packed if one.label and one.label.media_type]
        self.files: dict[UUID, bytes] = {}
        self.unreadable: set[UUID] = set()
        self.between: list[tuple[int, UUID]] = []
        for row in db.session.execute(CONTENTS, {"ids": ids, "most": MOST_TOGETHER}) if ids else ():
            if row.content is None:
                raise Conflict(_("These labels are too heavy for one file. Print fewer at once."))
            self.files[row.id] = row.content

    def draw(self, paper: Paper, label: Label, package: str) -> None:
        """Put a label here: a picture is drawn, the pages of a PDF come in when all is bound."""
        if label.id in self.unreadable:
            said = _("The carrier's label of {package} cannot be put here.", package=package)
            then = _("Print it by itself, from the page of the order.")
            paper.page("label")
            top = paper.lines(EDGE, 60, wrapped(said, 14, ROOM, bold=True), 14, bold=True)
            paper.lines(EDGE, top + 8, wrapped(then, 11, ROOM), 11)
        elif label.media_type == PNG:
            paper.picture(self.files[label.id])
        else:
            self.between.append((paper.pages, label.id))

    def bound(self, ours: bytes) -> bytes | None:
        """Return our pages with all others among them; None where that is to be drawn once more.

        What cannot be read is known then, and words stand in its place.
        """
        between, self.between = self.between, []
        try:
            made = pages.bound(ours, [(after, self.files[label]) for after, label in between])
        except pages.Unreadable:
            self.unreadable.update(label for _after, label in between)
            return None
        self.unreadable.update(between[n][1] for n in made.failed)
        return None if made.failed else made.content
