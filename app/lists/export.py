"""A list as a CSV file: exactly the rows and columns that are shown, safe to open in a sheet.

It is in English whoever takes it along: programs read its headers, and compare its words.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from app.lists.spec import Column, ListSpec, Sort
from app.shared.language import ENGLISH, spoken
from app.web.paging import Cut
from app.web.sheets import BOM, safe

# Rows read at once: each time a transaction of its own, so that a slow reader holds none open.
BATCH = 1000

Fetch = Callable[[Cut], tuple[Sequence[Row[Any]], datetime]]


def lines(spec: ListSpec, columns: Sequence[Column], sort: Sort, fetch: Fetch) -> Iterator[str]:
    """Return the file piece by piece, from the first row to the last.

    `fetch` reads the rows after a place and says at which moment. A row that changes its place
    while the file is being read may be missing; none is there twice.
    """
    here = Cut(size=BATCH)
    is_first = True
    while True:
        rows, now = fetch(here)
        shown = rows[:BATCH]
        with spoken(ENGLISH):
            found = [_cells(spec, columns, row, now) for row in shown]
        out = io.StringIO()
        write = csv.writer(out)
        if is_first:
            # Without a row there are no headers: the columns' names say what there is none of.
            first = [header for header, _ in found[0]] if found else [c.label for c in columns]
            out.write(BOM)
            write.writerow(first)
            is_first = False
        write.writerows([safe(value) for _, value in cells] for cells in found)
        yield out.getvalue()
        if len(rows) <= BATCH:
            return
        here = replace(here, key=spec.key(shown[-1], sort))


def _cells(
    spec: ListSpec, columns: Sequence[Column], row: Row[Any], now: datetime
) -> list[tuple[str, object]]:
    listed = spec.show(row, now)
    return [cell for column in columns for cell in column.cells(listed)]


def file_name(spec: ListSpec, now: datetime) -> str:
    """Return what the file is called."""
    return f"{spec.name}-{now:%Y%m%d-%H%M}.csv"
