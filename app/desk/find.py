"""What somebody may be looking for by a word: the things of a face, its pages, what can be done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from flask import render_template, request, url_for
from flask_login import current_user

from app.doors.guard import may
from app.shared.language import _, later
from app.web.paging import own_path

# Nothing we know by is longer; an address is no place for essays.
LONGEST_WORD = 120


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to go to, or (with `post`) to do; `fields` are what its form sends.

    `is_exact`: the word names just this one. `is_theme`: it changes how this page looks, at once.
    """

    label: str
    icon: str
    href: str = ""
    about: str = ""
    is_code: bool = False
    is_exact: bool = False
    post: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    is_theme: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """What is shown under one heading."""

    title: str
    items: Sequence[Item]

    @property
    def is_exact(self) -> bool:
        """Return whether one of them is what the word names."""
        return any(item.is_exact for item in self.items)


@dataclass(frozen=True, slots=True)
class Page:
    """A page to go to: its endpoint, and other words people have for it.

    A page is found by its words in the reader's language and in English.
    """

    title: str
    endpoint: str
    icon: str
    words: str = ""


OWN_PAGES = (
    Page(
        later("Your account"),
        "signin.account",
        "person",
        later("me name password e-mail profile"),
    ),
    Page(
        later("How pages look"),
        "signin.display",
        "sliders",
        later("theme density rows language time zone keys display"),
    ),
    Page(
        later("What you are told"),
        "signin.told",
        "bell",
        later("mail notices quiet hours digest preferences"),
    ),
    Page(
        later("Where you are signed in"),
        "signin.sessions",
        "laptop",
        later("sessions devices browsers"),
    ),
)
THEMES = {
    "dark": (later("Use the dark theme"), "moon-stars", later("theme night")),
    "light": (later("Use the light theme"), "sun", later("theme day bright")),
    "system": (later("Use the theme of this device"), "laptop", later("theme system automatic")),
}


def asked() -> str:
    """Return the word that is looked for, without what no keyboard types."""
    typed = "".join(c for c in request.args.get("q", "") if c.isprintable())
    return typed.strip()[:LONGEST_WORD]


def is_part() -> bool:
    """Return whether the palette asks, on whatever page it was opened."""
    return "HX-Request" in request.headers


def answer(face: str, q: str, groups: Iterable[Group], frame: Mapping[str, Any]) -> str:
    """Return what was found: for the palette the list alone, else a page of the face."""
    shown = _in_order([group for group in groups if group.items])
    found = {"groups": shown, "q": q, "typed": request.args.get("q", "")}
    if is_part():
        return render_template("parts/found.html", **found)
    return render_template(f"{face}/find.html", **found, **frame)


def _in_order(groups: list[Group]) -> list[Group]:
    """Return what is named exactly first, and within its group, too."""
    by_name = sorted(groups, key=lambda group: not group.is_exact)
    return [
        Group(group.title, sorted(group.items, key=lambda item: not item.is_exact))
        for group in by_name
    ]


def pages(q: str, known: Sequence[Page]) -> Group:
    """Return the pages that a word finds, of those that are open to whoever asks."""
    found = [page for page in (*known, *OWN_PAGES) if _fits(q, page.title, page.words)]
    items = [
        Item(_(page.title), page.icon, url_for(page.endpoint))
        for page in found
        if may(page.endpoint, "GET")
    ]
    return Group(_("Go to"), items)


def acts(q: str) -> Group:
    """Return what can be done from anywhere."""
    return Group(_("Do"), [item for words, item in _acts() if _fits(q, item.label, words)])


def _acts() -> Iterator[tuple[str, Item]]:
    for theme, (label, icon, words) in THEMES.items():
        if theme != current_user.preferences.theme:
            fields = {"theme": theme, "next": _from()}
            url = url_for("signin.change_theme")
            # What the device wants only the device knows: that one loads the page again.
            is_known = theme != "system"
            yield words, Item(_(label), icon, post=url, fields=fields, is_theme=is_known)
    if current_user.viewing:
        label = _("Leave {vendor}", vendor=current_user.viewing.name)
        yield later("view stop"), Item(label, "eye", post=url_for("console.leave_view"))
    sign_out = Item(_("Sign out"), "box-arrow-right", post=url_for("signin.signout"))
    yield later("log out leave"), sign_out


def _from() -> str:
    """Return the page on which the palette was opened."""
    parts = urlsplit(request.headers.get("HX-Current-URL", ""))
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return own_path(path, current_user.home)


def _fits(q: str, *words: str) -> bool:
    """Return whether each word that was typed begins one of the words, said or in English."""
    known = " ".join((*words, *map(_, words))).casefold().split()
    return all(any(word.startswith(typed) for word in known) for typed in q.casefold().split())
