"""The console's desk for keys: the marketplace's and every vendor's."""

from __future__ import annotations

from app.console.page import blueprint
from app.console.people import DESK
from app.desk.keys import Keys

Keys(DESK).mount(blueprint, "/keys")
