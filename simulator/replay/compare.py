"""Holds what the platform answered against what was computed from the raw tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MISSING = object()


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every single answer with its place."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{i}]")
    else:
        yield path, value


def table(folder: Path, name: str, found: dict[str, Any]) -> int:
    """Print expected against found; return 1 where they differ, 0 where nothing is expected."""
    answers = dict(leaves(found))
    path = folder.resolve().parent / "expected.json"
    expected = json.loads(path.read_text()).get(name) if path.exists() else None
    if expected is None:
        print(f"\nNothing is expected of '{name}'; found:")
        for place, value in answers.items():
            print(f"  {place:<62} {value}")
        return 0
    wanted = {k: v for k, v in leaves(expected) if k != "rule"}
    wrong = 0
    print(f"\n{'answer':<62} {'expected':>20} {'found':>20}")
    for place, value in wanted.items():
        got = answers.get(place, MISSING)
        wrong += got != value
        mark = "" if got == value else "  DIFFERS"
        shown = "missing" if got is MISSING else got
        print(f"{place:<62} {str(value)[:20]:>20} {str(shown)[:20]:>20}{mark}")
    print(f"\n{len(wanted) - wrong} of {len(wanted)} answers are equal.")
    return 1 if wrong else 0
