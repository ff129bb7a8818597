"""Looking after the shops that push orders: a new one, its secrets, a pause."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, text

from app.accounts.contract import Person
from app.accounts.sessions import actor_of
from app.audit.service import record
from app.extensions import db
from app.intake.models import OrderSource
from app.intake.registry import source_of
from app.shared import bulk, clock, ids, live, signed
from app.shared.errors import Conflict, InvalidInput, NotFound
from app.web.fields import Code
from app.web.paging import Cut
