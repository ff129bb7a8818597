"""What people say of a listing's stock: how much of it is there, and where it lies."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import HiddenField
from wtforms.validators import InputRequired, NumberRange

from app.catalog.rules import LONGEST_BIN, LONGEST_OWN_CODE, MOST_ON_HAND
from app.desk.place_forms import Whole
from app.shared.language import later
from app.web.forms import line

# What fits into a column for certain.
LONGEST_NUMBER = 9


class Count(FlaskForm):  # type: ignore[misc]
    """How many units of a listing are there."""

    seen_units = HiddenField()
    on_hand = Whole(
        later("On hand"),
        [
            InputRequired(later("Enter how many there are.")),
            NumberRange(0, MOST_ON_HAND, later("Between 0 and 100,000,000.")),
        ],
        description=later("All that are there, those held for orders too."),
    )

    @property
    def seen(self) -> int:
        """Return how many there were when somebody began to count; -1 where the form says none."""
        words = self.seen_units.data or ""
        return (
            int(words)
            if words.isascii() and words.isdecimal() and len(words) <= LONGEST_NUMBER
            else -1
        )


class Shelf(FlaskForm):  # type: ignore[misc]
    """Where a listing lies, and what the vendor's own labels say of it."""

    seen = HiddenField()
    bin = line(
        later("Bin"),
        LONGEST_BIN,
        description=later("Where it lies there; pick lists are sorted by it."),
    )
    own_code = line(
        later("Own code"),
        LONGEST_OWN_CODE,
        description=later("What your own labels say, where that is not the SKU."),
    )

    def values(self) -> dict[str, Any]:
        """Return what is said, as it is kept."""
        return {"bin": self.bin.data or None, "own_code": self.own_code.data or None}
