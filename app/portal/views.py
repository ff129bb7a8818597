"""The portal's blueprint with all its pages."""

from __future__ import annotations

from app.portal import find, team, work
from app.portal.page import blueprint

__all__ = ["blueprint", "find", "team", "work"]
