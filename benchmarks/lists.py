"""Claims: the list of orders is at least 0.9 times as quick as a bare page; three statements do.

Quick is how many requests a second are answered to somebody who has signed in. The bare page is
Flask, SQLAlchemy Core and Jinja for the same rows: _bare.py says what it has and has not. Both are
called in this process, in turns, and what is compared is the median of the turns. A machine that
does other things makes both wait: so their own processor time is printed, too.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from itertools import zip_longest
from statistics import median
from typing import Any

from _bare import Filter, Statements, bare
from _site import Answer, Site, Visitor, seconds_of, site
from sqlalchemy import Engine, event, text

from app.accounts import sessions
from app.console.order_list import SPEC
from app.extensions import db
from app.lists.spec import Choice
from app.web import assets, health

ORDERS, ROUNDS, REQUESTS = 20_000, 25, 15
LEAST_SHARE, MOST_STATEMENTS = 0.9, 3
PATH = "/console/orders?view=all"
NAMED = re.compile(r"%\((\w+)\)s(?:::\w+)?")
ACTS = (
    ("orders.review", "Hold for review"),
    ("orders.clear", "Release after review"),
    ("orders.hold", "Put on hold"),
    ("orders.release", "Release"),
)


def statements_of(engine: Engine, ask: Callable[[], Answer]) -> list[str]:
    """Return what a page asks the database, besides who has signed in and for whom it may read."""
    seen: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    ask()
    event.remove(engine, "before_cursor_execute", note)
    return seen


def as_core(statement: str) -> Any:
    """Return what was sent to the driver as it is handed to SQLAlchemy Core."""
    return text(NAMED.sub(r":\1", statement.replace("%%", "%")))


def shell() -> dict[str, Any]:
    """Return what stands around the rows and is looked up only now and then."""
    return {
        "styles": [
            "vendor/bootstrap.min.css",
            *(f"css/{name}.css" for name in assets.STYLES),
        ],
        "scripts": assets.SCRIPTS,
        "sorts": [(name, sort.label) for name, sort in SPEC.sorts.items()],
        "columns": [(one.name, one.label, one.look) for one in SPEC.columns],
        "views": [
            {"name": name, "label": view.label, "hint": view.hint}
            for name, view in SPEC.views.items()
        ],
        "filters": [
            Filter(
                one.name,
                one.label,
                one.is_prominent,
                not isinstance(one, Choice),
                one.options() if isinstance(one, Choice) else (),
            )
            for one in SPEC.filters
        ],
        "acts": ACTS,
        "ill": health.ill(),
    }


def words_of(body: bytes) -> list[str]:
    """Return what a page says, cell by cell and line by line, without what a minute changes."""
    shown = body.decode().partition("<body")[2].partition(">")[2]
    pieces = re.split(r"<t[dh]\b[^>]*>|</t[dh]>|\n", shown)
    plain = (re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", one))).strip() for one in pieces)
    return [one for one in plain if one]


def same_words(ours: bytes, theirs: bytes) -> bool:
    """Return whether two pages say the same; a minute may have passed between them."""
    pairs = zip_longest(words_of(ours), words_of(theirs), fillvalue="nothing")
    passing = re.compile(r"\d+ [dhms]\b.* (left|late)\b|^As of ")
    differing = [pair for pair in pairs if pair[0] != pair[1] and not passing.search(pair[0])]
    for mine, other in differing[:5]:
        print(f"differs: {mine!r} and {other!r}")
    return not differing


@dataclass(frozen=True, slots=True)
class Pace:
    """What a request took in one round, in milliseconds."""

    wall: float
    own: float


def round_of(ask: Callable[[], Answer]) -> Pace:
    """Return the pace of some requests."""
    before = time.process_time()
    wall = sum(seconds_of(ask, REQUESTS))
    return Pace(1000 * wall / REQUESTS, 1000 * (time.process_time() - before) / REQUESTS)


def measure(ours: Visitor, theirs: Visitor, path: str) -> float:
    """Print both paces; return ours as a share of theirs."""
    asks = [visitor.asker(path) for visitor in (ours, theirs)]
    for ask in asks:
        seconds_of(ask, 2 * REQUESTS)
    paces: list[list[Pace]] = [[], []]
    for _ in range(ROUNDS):
        for pace, ask in zip(paces, asks, strict=True):
            pace.append(round_of(ask))
    mine, other = ([median(p.wall for p in one), median(p.own for p in one)] for one in paces)
    print(f"requests a second: list {1000 / mine[0]:.0f}, bare page {1000 / other[0]:.0f}")
    print(f"milliseconds a request: list {mine[0]:.2f}, bare page {other[0]:.2f}")
    print(f"of its own processor time: list {mine[1]:.2f}, bare page {other[1]:.2f}")
    print(f"list / bare page by processor time: {other[1] / mine[1]:.2f}")
    return median(b.wall / a.wall for a, b in zip(*paces, strict=True))


def compared(found: Site) -> tuple[float, int, bool]:
    """Return our share of the bare page's pace, our statements, and whether both say the same."""
    ours = found.visitor
    # What is looked up once in a while is known by now.
    body = ours.get(PATH).body
    with found.app.app_context():
        asked = statements_of(db.engine, ours.asker(PATH))
        theirs_too = [as_core(one) for one in (sessions.KNOWN, *asked)]
        around, secret = shell(), str(found.app.config["SECRET_KEY"])
    for number, one in enumerate(asked, 1):
        print(f"statement {number}: {one}")
    print(f"{len(asked)} statements besides the session's (claim: at most {MOST_STATEMENTS})")
    page = bare(found.superuser, secret, Statements(*theirs_too), around)
    theirs = Visitor(page, found.visitor.cookie)
    body, other = ours.get(PATH).body, theirs.get(PATH).body
    print(f"bytes: list {len(body):,}, bare page {len(other):,}")
    return measure(ours, theirs, PATH), len(asked), same_words(body, other)


def main() -> int:
    """Print both claims and what was measured; 1 where one does not hold."""
    with site(ORDERS) as found:
        share, own, is_same = compared(found)
    print(f"list / bare page: {share:.2f} (claim: at least {LEAST_SHARE})")
    return int(not is_same or own > MOST_STATEMENTS or share < LEAST_SHARE)


if __name__ == "__main__":
    sys.exit(main())
