"""Files that are taken in, and shops that push their orders."""

from __future__ import annotations

from typing import Any

from sqlalchemy import LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.shared.columns import Id, Json, Key, Leaf, Moment, Words


class Import(db.Model):
    """One file; people live in the machine's time."""

    __tablename__ = "imports"
    id: Mapped[Key]
    reference: Mapped[Words]
    kind: Mapped[Words]
    format: Mapped[Words]
    filename: Mapped[Words]
    size: Mapped[int]
    header: Mapped[list[Any]] = mapped_column(JSONB)
    delimiter: Mapped[Words]
    mapping: Mapped[Json]
    fixed: Mapped[Json]
    status: Mapped[Words]
    is_dry_run: Mapped[bool]
    problem: Mapped[Words | None]
    # where reading goes on, in bytes, and how many lines lie before that
    read_to: Mapped[int] = mapped_column(default=0)
    read_lines: Mapped[int] = mapped_column(default=0)
    total: Mapped[int | None]
    seen: Mapped[int] = mapped_column(default=0)
    taken: Mapped[int] = mapped_column(default=0)
    known: Mapped[int] = mapped_column(default=0)
    held: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    made_at: Mapped[Moment]
    made_by: Mapped[Words]
    made_by_id: Mapped[Id | None]
    started_at: Mapped[Moment | None]
    ended_at: Mapped[Moment | None]
    ended_by: Mapped[Words | None]
    due_at: Mapped[Moment | None]


class ImportPart(db.Model):
    """A piece of a file; all are of one size but the last."""

    __tablename__ = "import_parts"
    import_id: Mapped[Id] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ImportName(db.Model):
    """A record that was met, and in which line it began.

    Below zero: it begins in other lines, too.
    """

    __tablename__ = "import_names"
    import_id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[Words] = mapped_column(Text, primary_key=True)
    line: Mapped[int]


class ImportRefusal(db.Model):
    """A record that was refused: everything that is wrong with it, and its lines as they stood."""

    __tablename__ = "import_refusals"
    import_id: Mapped[Id] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    line: Mapped[int]
    name: Mapped[Words]
    errors: Mapped[list[Any]] = mapped_column(JSONB)
    raw: Mapped[list[Any]] = mapped_column(JSONB)


class OrderSource(db.Model):
    """A shop that pushes its orders, and the secrets that its deliveries are signed with."""

    __tablename__ = "order_sources"
    id: Mapped[Key]
    code: Mapped[Words]
    kind: Mapped[Words]
    channel: Mapped[Words]
    secret: Mapped[Words]
    old_secret: Mapped[Words | None]
    old_until: Mapped[Moment | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    made_at: Mapped[Moment]
    made_by: Mapped[Words]


class Delivery(db.Model):
    """One thing that a shop told, and what came of it; people live in the machine's time."""

    __tablename__ = "source_deliveries"
    id: Mapped[Leaf]
    source_id: Mapped[Id]
    delivery: Mapped[Words]
    topic: Mapped[Words]
    received_at: Mapped[Moment]
    outcome: Mapped[Words]
    subject: Mapped[Words | None]
    # as of when the shop tells of it
    as_of: Mapped[Moment | None]
    # digests of that, to know later what the shop itself has changed; or what it called off early
    told: Mapped[Json | None]
    order_id: Mapped[Id | None]
    number: Mapped[Words | None]
    problem: Mapped[Words | None]
    errors: Mapped[Json | None]
    body: Mapped[Words | None]
