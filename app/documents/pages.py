"""PDFs that others made: their pages written anew, alone or among our own (see `anew`)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.shared.errors import TooMany
from app.shared.language import later

PROGRAM = Path(__file__).with_name("anew.py")
# It ends itself after fewer seconds of work; on a busy machine it may wait for its turn.
PATIENCE = 20
# Each takes a processor and some memory for a moment.
FEW_AT_A_TIME = threading.BoundedSemaphore(2)
# Of our surroundings it needs no secret, only what Python itself may.
NEEDED = ("LD_LIBRARY_PATH", "PATH", "SYSTEMROOT")
Why = Literal["broken", "encrypted", "heavy", "pages"]


class Unreadable(Exception):
    """A PDF cannot be had as pages: `why`."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Bound:
    """Pages of several files in one; `failed` are the places of those that could not be read."""

    content: bytes
    failed: Mapping[int, Why]


def written_anew(content: bytes) -> bytes:
    """Return what is drawn on the pages of a PDF, as a PDF of ours; Unreadable says why not."""
    made = _run([b"", content], [0])
    for why in made.failed.values():
        raise Unreadable(why)
    return made.content


def bound(ours: bytes, others: Sequence[tuple[int, bytes]]) -> Bound:
    """Return a PDF of ours with others' pages in it, each after so many of our own."""
    if not others:
        return Bound(ours, {})
    return _run([ours, *(content for _after, content in others)], [after for after, _c in others])


def _run(parts: Sequence[bytes], places: Sequence[int]) -> Bound:
    told = json.dumps({"sizes": [len(part) for part in parts], "places": list(places)})
    sent = b"".join([told.encode(), b"\n", *parts])
    surroundings = {name: os.environ[name] for name in NEEDED if name in os.environ}
    if not FEW_AT_A_TIME.acquire(timeout=PATIENCE):
        # Or those who wait for heavy files would in the end be all there is of threads.
        raise TooMany(later("There were too many requests."), seconds=PATIENCE)
    try:
        ran = subprocess.run(
            [sys.executable, "-I", str(PROGRAM)],
            input=sent,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
            env=surroundings,
        )
    except subprocess.TimeoutExpired:
        raise Unreadable("heavy") from None
    finally:
        FEW_AT_A_TIME.release()
    if ran.returncode:
        # Out of time or memory; a file that is broken only is told.
        raise Unreadable("heavy")
    head, _line, made = ran.stdout.partition(b"\n")
    failed = json.loads(head)["failed"]
    return Bound(made, {int(n) - 1: why for n, why in failed.items()})
