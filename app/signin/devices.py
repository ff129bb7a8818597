"""Devices in words: what a browser says of itself, as a person would call it."""

from __future__ import annotations

from dataclasses import dataclass

from app.shared.language import _

# The first sign that is found decides: Edge also says Chrome, and Chrome also says Safari.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)
IN_A_HAND = {"iPhone", "iPad", "Android"}


@dataclass(frozen=True, slots=True)
class Device:
    """What somebody signed in with: in words, and by its icon."""

    words: str
    icon: str


def device(user_agent: str) -> Device:
    """Return what a browser is, "Chrome on Windows"; the unknown is called unknown."""
    browser, system = _first(BROWSERS, user_agent), _first(SYSTEMS, user_agent)
    icon = "phone" if system in IN_A_HAND else "laptop"
    if browser is None and system is None:
        return Device(_("Unknown browser"), "question-circle")
    if system is None:
        return Device(browser or "", icon)
    known = browser or _("A browser")
    return Device(_("{browser} on {system}", browser=known, system=system), icon)


def _first(table: tuple[tuple[str, str], ...], user_agent: str) -> str | None:
    return next((name for sign, name in table if sign in user_agent), None)
