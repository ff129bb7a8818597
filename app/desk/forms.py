"""What is asked of whoever looks after people and keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask_wtf import FlaskForm
from sqlalchemy import Row
from wtforms import (
    Field,
    RadioField,
    SelectField,
    SelectMultipleField,
    ValidationError,
)
from wtforms.validators import InputRequired

from app.accounts import words
from app.accounts.contract import VENDOR_ROLES
from app.shared.language import _, later
from app.web.forms import address, called

NOBODYS = ""


class Invite(FlaskForm):  # type: ignore[misc]
    """Whom to invite, and what they will be."""

    email = address(later("E-mail"), later("Enter the e-mail the invitation goes to."))
    name = called(
        later("Name"),
        later("Enter how they are called."),
        description=later("As others will see it. They can change it."),
    )
    role = RadioField(later("Role"), [InputRequired(later("Choose what they may do."))])
    vendor = SelectField(
        later("Vendor"), default=NOBODYS, description=later("For the two vendor roles only.")
    )

    def __init__(
        self,
        roles: tuple[str, ...],
        vendors: Sequence[Row[Any]] | None,
        wanted: Mapping[str, str],
    ) -> None:
        """Offer these roles; without vendors to choose from there is no such field.

        `wanted` may name a role and, by its code, a vendor to begin with.
        """
        code = wanted.get("vendor")
        whose = next((str(v.id) for v in vendors or () if v.code == code), NOBODYS)
        super().__init__(data={"role": wanted.get("role"), "vendor": whose})
        self.role.choices = words.choices(roles)
        if vendors is None:
            del self.vendor
        else:
            self.vendor.choices = [(NOBODYS, _("None")), *((str(v.id), v.name) for v in vendors)]

    def validate_vendor(self, field: Field) -> None:
        """Ask for a vendor exactly where the role belongs to one."""
        is_vendors = self.role.data in VENDOR_ROLES
        if is_vendors and not field.data:
            raise ValidationError(_("Choose whose people they are."))
        if field.data and self.role.data and not is_vendors:
            raise ValidationError(_("Only a vendor's people have a vendor. Choose none."))

    def vendor_id(self) -> UUID | None:
        """Return the vendor that was chosen."""
        return UUID(self.vendor.data) if "vendor" in self and self.vendor.data else None


class Role(FlaskForm):  # type: ignore[misc]
    """What somebody may do from now on."""

    role = RadioField(later("Role"), [InputRequired(later("Choose what they may do."))])

    def __init__(self, roles: tuple[str, ...], current: str, **given: Any) -> None:
        """Offer these roles."""
        super().__init__(role=current, **given)
        self.role.choices = words.choices(roles)


class Key(FlaskForm):  # type: ignore[misc]
    """What a program is called and what it may do."""

    name = called(
        later("Name"),
        later("Enter what the program is called."),
        longest=80,
        description=later(
            "It stands beside what the program does, in timelines and the audit trail."
        ),
    )
    vendor = SelectField(later("Vendor"))
    rights = SelectMultipleField(
        later("What it may do"), [InputRequired(later("Choose at least one."))]
    )

    def __init__(self, rights: tuple[str, ...], vendors: Sequence[Row[Any]] | None) -> None:
        """Offer these rights; without vendors to choose from there is no such field."""
        super().__init__(rights=words.PRESETS[rights])
        self.rights.choices = words.choices(rights)
        if vendors is None:
            del self.vendor
        else:
            first = (NOBODYS, _("Choose a vendor"))
            self.vendor.choices = [first, *((str(v.id), v.name) for v in vendors)]

    def validate_vendor(self, field: Field) -> None:
        """Ask whose key it is."""
        if not field.data:
            raise ValidationError(_("Choose whose key it is."))
