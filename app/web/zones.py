"""Time zones: which there are, and in which one whoever reads a page sees its moments."""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from flask import current_app, g, has_request_context, request

# A browser tells its zone in this cookie; js/display.js sets it.
COOKIE = "zone"
# What a machine keeps beside the zones proper: they name no place.
NO_PLACES = {"Factory", "localtime", "posixrules"}
# Spellings that only other programs still use.
OLD = {"Etc", "SystemV", "US"}
# Where no page is made.
UTC = ZoneInfo("UTC")


@cache
def known() -> frozenset[str]:
    """Return the names of every zone, read once a process."""
    return frozenset(available_timezones() - NO_PLACES)


def choices(
    first: list[tuple[str, str]], current: str | None = None
) -> dict[str, list[tuple[str, str]]]:
    """Return what a field offers, by continent; `first` leads, `current` is never left out."""
    found = {"": [*first, ("UTC", "UTC")]}
    for name in sorted(known() - {"UTC"}):
        continent, _, place = name.partition("/")
        if (place and continent not in OLD) or name == current:
            found.setdefault(continent if place else "", []).append((name, name.replace("_", " ")))
    return found


def prefer(zone: str | None) -> None:
    """Say which zone its reader chose; None leaves it to the page."""
    g.zone_chosen = zone
    g.pop("zone_shown", None)


def show_in(zone: str) -> None:
    """Say in which zone a page about one place shows its moments, unless its reader chose."""
    g.zone_here = zone
    g.pop("zone_shown", None)


def fall_back_to(zone: str) -> None:
    """Say which zone is taken where nobody says anything."""
    g.zone_usual = zone
    g.pop("zone_shown", None)


def browsers() -> str | None:
    """Return the zone this browser says it is in; what is no zone was never said."""
    said = request.cookies.get(COOKIE, "") if has_request_context() else ""
    return said if said in known() else None


def shown() -> ZoneInfo:
    """Return the zone in which moments are shown."""
    try:
        # A page shows hundreds of moments.
        found: ZoneInfo = g.zone_shown
    except AttributeError:
        said = g.get("zone_chosen"), g.get("zone_here"), browsers(), g.get("zone_usual")
        found = ZoneInfo(next(filter(None, said), current_app.config["TZ_DEFAULT"]))
        g.zone_shown = found
    except RuntimeError:
        return UTC
    return found


def is_readers_own() -> bool:
    """Return whether that is the zone its reader sits in; else a page names it."""
    return browsers() == shown().key
