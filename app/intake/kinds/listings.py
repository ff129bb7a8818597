"""Listings in a file: which location of a vendor sells what, at which cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.catalog import service as catalog
from app.catalog.forms import ListingForm
from app.extensions import db
from app.intake.contract import Values, Verdict
from app.intake.kinds_of_stock import counted
from app.intake.rules import amount, capitals, day, field, whole, yes_no
from app.policies import marketplace
from app.shared.errors import DomainError, NotFound
from app.shared.language import later
from app.vendors.queries import location_ids
from app.web.fields import check
