"""The console's desk for keys: the marketplace's and every vendor's."""

from __future__ import annotations

from app.accounts.key_views import Keys
from app.console.page import blueprint
from app.console.people import DESK

Keys(DESK).mount(blueprint, "/keys")
