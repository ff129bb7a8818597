"""Claims: a vendor's work is at least 0.9 times as quick as a bare page; three statements do.

As lists.py measures the list of orders; _bare_portal.py is what it is compared with.
"""

from __future__ import annotations

import sys
from uuid import UUID

from _bare_portal import Asked, bare_portal
from _site import LARGEST, Site, Visitor, site
from lists import LEAST_SHARE, MOST_STATEMENTS, ORDERS, as_core, measure, same_words, statements_of
from sqlalchemy import text

from app.accounts import sessions
from app.extensions import db
from app.shared.work import OPS, transaction
from app.web import assets

PATH = "/portal/"
# Its rows are all there are to the vendor's role; a bare page has no roles, so it says whose.
OWN = {
    "places": (" FROM locations ", " FROM locations WHERE vendor_id = %(vendor)s "),
    "rows": (" WHERE f.status ", " WHERE f.vendor_id = %(vendor)s AND f.status "),
}


def compared(found: Site) -> tuple[float, int, bool]:
    """Return our share of the bare page's pace, our statements, and whether both say the same."""
    ours = found.vendor
    ours.get(PATH)
    with found.app.app_context():
        asked = statements_of(db.engine, ours.asker(PATH))
        with transaction(OPS):
            row = db.session.execute(
                text("SELECT id, name FROM vendors WHERE code = :code"), {"code": LARGEST}
            ).one()
    for number, one in enumerate(asked, 1):
        print(f"statement {number}: {one}")
    print(f"{len(asked)} statements besides the session's (claim: at most {MOST_STATEMENTS})")
    places, counts, rows = asked[-3:]
    ask = Asked(
        as_core(sessions.KNOWN),
        as_core(places.replace(*OWN["places"])),
        as_core(counts),
        as_core(rows.replace(*OWN["rows"])),
    )
    shell = {
        "styles": ["vendor/bootstrap.min.css", *(f"css/{name}.css" for name in assets.STYLES)],
        "scripts": assets.SCRIPTS,
    }
    vendor = (UUID(str(row.id)), str(row.name))
    secret = str(found.app.config["SECRET_KEY"])
    page = bare_portal(found.superuser, secret, ask, vendor, shell)
    theirs = Visitor(page, ours.cookie)
    body, other = ours.get(PATH).body, theirs.get(PATH).body
    print(f"bytes: work {len(body):,}, bare page {len(other):,}")
    return measure(ours, theirs, PATH), len(asked), same_words(body, other)


def main() -> int:
    """Print both claims and what was measured; 1 where one does not hold."""
    with site(ORDERS) as found:
        share, own, is_same = compared(found)
    print(f"work / bare page: {share:.2f} (claim: at least {LEAST_SHARE})")
    return int(not is_same or own > MOST_STATEMENTS or share < LEAST_SHARE)


if __name__ == "__main__":
    sys.exit(main())
