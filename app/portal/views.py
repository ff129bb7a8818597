"""The portal's blueprint with all its pages."""

from __future__ import annotations

from app.portal import (
    calendar,
    confirm,
    confirm_many,
    counting,
    find,
    listing,
    manifest,
    packing,
    papers,
    pick_lists,
    picking,
    questions,
    ship,
    ship_many,
    shipping,
    stock,
    team,
    trouble,
    webhooks,
    work,
)
from app.portal.page import blueprint

__all__ = [
    "blueprint",
    "calendar",
    "confirm",
    "confirm_many",
    "counting",
    "find",
    "listing",
    "manifest",
    "packing",
    "papers",
    "pick_lists",
    "picking",
    "questions",
    "ship",
    "ship_many",
    "shipping",
    "stock",
    "team",
    "trouble",
    "webhooks",
    "work",
]
