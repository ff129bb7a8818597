"""Claims: the list of orders is at least 0.9 times as quick as a bare page; three statements do.

Quick is how many requests a second are answered, with session, guard and all. The bare page is
minimal Flask, SQLAlchemy Core and Jinja: it asks PostgreSQL the very same statements and
writes the same cells into a shell of the same size, which for it is mere text: no session, no
guard, no policy, no scope. Both are called in this process, in turns.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from pathlib import Path
from statistics import median
from typing import Any

from _site import Answer, Visitor, seconds_of, site
from flask import Flask, render_template
from jinja2 import DictLoader
from sqlalchemy import Engine, create_engine, event

from app.extensions import db
from config import database_url

ORDERS, ROUNDS, REQUESTS = 20_000, 15, 20
LEAST_SHARE, MOST_STATEMENTS = 0.9, 3
PATH = "/console/orders"
# What the session, the guard and the scope of a transaction ask.
OF_THE_SESSION = ("set_config", " sessions ", "policies")
DAY, HOUR, MINUTE = 86_400, 3_600, 60

ROW = Path(__file__).with_name("bare_row.html")
ICONS = {"plenty": "clock", "soon": "hourglass-split", "now": "alarm-fill"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A statement as the list sent it."""

    statement: str
    values: dict[str, Any]


def bare(url: str, asked: list[Asked], shell: tuple[str, str]) -> Flask:
    """Return the minimal application: one view, one template, one connection pool."""
    app = Flask("bare")
    begin, end = ("{% raw %}" + part + "{% endraw %}" for part in shell)
    loop = "{% for row in rows %}" + ROW.read_text() + "{% endfor %}"
    app.jinja_loader = DictLoader({"page.html": begin + loop + end})
    engine = create_engine(database_url(url))
    event.listen(engine, "connect", become_ops)

    @app.get(PATH)
    def page() -> str:
        with engine.connect() as connection:
            found = [connection.exec_driver_sql(one.statement, one.values).all() for one in asked]
        now = datetime.now(UTC)
        return render_template("page.html", rows=[in_words(row, now) for row in found[-1][:50]])

    return app


def become_ops(connection: Any, _: object) -> None:
    """Take the role that reads orders, once a connection."""
    connection.execute("SET ROLE onward_ops")
    connection.commit()


def in_words(row: Any, now: datetime) -> dict[str, Any]:
    """Return a row as the bare page shows it."""
    return row._asdict() | {
        "deadline": deadline(row, now),
        "status_word": row.status.replace("_", " ").capitalize(),
        "placed": f"{row.placed_at:%a, %b} {row.placed_at.day}, {row.placed_at:%H:%M}",
        "money": f"€{row.total / 100:,.2f}",
    }


def deadline(row: Any, now: datetime) -> dict[str, Any] | None:
    """Return how much is left until an order is due."""
    if row.deliver_by is None or row.status == "canceled":
        return None
    left = row.deliver_by - now
    state = "plenty" if left > timedelta(days=1) else "soon"
    seconds = int(left.total_seconds())
    days, hours, minutes = seconds // DAY, seconds % DAY // HOUR, seconds % HOUR // MINUTE
    number = f"{days} d {hours} h" if hours else f"{days} d"
    number = number if days else f"{hours} h {minutes:02d} m"
    return {
        "state": state,
        "icon": ICONS[state],
        "number": number,
        "word": "left",
        "due": f"{row.deliver_on:%a, %b} {row.deliver_on.day}",
        "left": min(100, round(100 * (left / (row.deliver_by - row.placed_at)))),
    }


def statements_of(engine: Engine, ask: Callable[[], Answer]) -> list[Asked]:
    """Return what a page asks the database."""
    seen: list[Asked] = []

    def note(_: object, __: object, statement: str, values: dict[str, Any], *___: object) -> None:
        seen.append(Asked(statement, values))

    event.listen(engine, "before_cursor_execute", note)
    ask()
    event.remove(engine, "before_cursor_execute", note)
    return seen


def words_of(body: bytes) -> list[str]:
    """Return what the cells of a page's rows say."""
    rows = body.decode().partition("<tbody")[2].partition("</tbody>")[0].partition(">")[2]
    cells = re.split(r"<td\b[^>]*>", rows)
    return [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", cell)).strip() for cell in cells]


def shell_of(body: bytes) -> tuple[str, str]:
    """Return what stands around a page's rows."""
    before, _, rest = body.decode().partition("<tbody")
    return f"{before}<tbody>", "</tbody>" + rest.partition("</tbody>")[2]


def same_cells(ours: bytes, theirs: bytes) -> bool:
    """Return whether two pages say the same in every cell; a minute may have passed between."""
    pairs = zip_longest(words_of(ours), words_of(theirs), fillvalue="no such cell")
    differing = [pair for pair in pairs if pair[0] != pair[1] and " left " not in pair[0]]
    for mine, other in differing[:5]:
        print(f"differs: {mine!r} and {other!r}")
    return not differing


def measure(ours: Visitor, theirs: Visitor) -> float:
    """Print both paces; return ours as a share of theirs."""
    asks = [visitor.asker(PATH) for visitor in (ours, theirs)]
    for ask in asks:
        seconds_of(ask, REQUESTS)
    paces: list[list[float]] = [[], []]
    for _ in range(ROUNDS):
        for pace, ask in zip(paces, asks, strict=True):
            pace.append(REQUESTS / sum(seconds_of(ask, REQUESTS)))
    mine, other = map(median, paces)
    print(f"requests a second: list {mine:.0f}, bare page {other:.0f}")
    return mine / other


def main() -> int:
    """Print both claims and what was measured; 1 where one does not hold."""
    with site(ORDERS) as found:
        ours = found.visitor
        # What is looked up once in a while is known by now.
        ours.get(PATH)
        with found.app.app_context():
            engine, url = db.engine, found.app.config["DATABASE_URL"]
        asked = statements_of(engine, ours.asker(PATH))
        own = [one for one in asked if not any(w in one.statement for w in OF_THE_SESSION)]
        for number, one in enumerate(own, 1):
            print(f"statement {number}: {one.statement}")
        print(f"{len(own)} statements besides the session's (claim: at most {MOST_STATEMENTS})")
        body = ours.get(PATH).body
        theirs = Visitor(bare(url, own, shell_of(body)))
        other = theirs.get(PATH).body
        print(f"bytes: list {len(body):,}, bare page {len(other):,}")
        is_same = same_cells(body, other)
        share = measure(ours, theirs)
    print(f"list / bare page: {share:.2f} (claim: at least {LEAST_SHARE})")
    return int(not is_same or len(own) > MOST_STATEMENTS or share < LEAST_SHARE)


if __name__ == "__main__":
    sys.exit(main())
