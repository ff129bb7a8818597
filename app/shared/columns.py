"""Column types that every table shares."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import BigInteger, Date, DateTime, Identity, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import mapped_column

from app.shared import ids

Key = Annotated[UUID, mapped_column(Uuid, primary_key=True, default=ids.new)]
Leaf = Annotated[int, mapped_column(BigInteger, Identity(always=True), primary_key=True)]
Id = Annotated[UUID, mapped_column(Uuid)]
Words = Annotated[str, mapped_column(Text)]
Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Day = Annotated[date, mapped_column(Date)]
Minor = Annotated[int, mapped_column(BigInteger)]
Json = Annotated[dict[str, Any], mapped_column(JSONB)]


def cohort_of(moment: datetime) -> date:
    """Return the month an order was born in: the partition it and its children live in."""
    return moment.date().replace(day=1)
