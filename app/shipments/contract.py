"""What a provider of labels must be able to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from app.documents.contract import Parcel

PDF, PNG, ZPL = "application/pdf", "image/png", "application/zpl"


@dataclass(frozen=True, slots=True)
class File:
    """A file as it is kept or handed out; `is_ours`: we drew all of it, just now."""

    media_type: str
    content: bytes
    is_ours: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A label somebody wants: the carrier, its number and service as far as known, and a file.

    The file is one that was looked at: before a transaction, for that takes its time.
    """

    carrier: str | None = None
    tracking_number: str | None = None
    service: str | None = None
    file: File | None = None


class LabelProvider(Protocol):
    """A way to come by a label; `formats` are what it can be printed as."""

    formats: tuple[str, ...]

    def make(self, asked: Asked) -> File | None:
        """Return what has to be kept of a new label, None where it is drawn whenever it is printed.

        InvalidInput says which field is wrong.
        """

    def print(self, kept: File | None, parcel: Parcel, form: str) -> File:
        """Return a label as a file in one of `formats`, from what was kept and the facts of now."""
