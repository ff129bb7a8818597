"""How quickly orders are done, by the clock and by the processor; and what is said of it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from statistics import median

import psutil
import psycopg


@dataclass(frozen=True, slots=True)
class Pace:
    """Orders a second, and the milliseconds of processor time of one: PostgreSQL's and ours."""

    rate: float
    cpu: float


# The paces of each way, round by round.
Paces = Mapping[str, Sequence[Pace]]


class Meter:
    """What PostgreSQL has worked, in all of its processes."""

    def __init__(self, superuser: str) -> None:
        with psycopg.connect(superuser) as connection:
            found = psutil.Process(connection.info.backend_pid).parent()
        if found is None:
            raise SystemExit("PostgreSQL is gone")
        self.server = found

    def seconds(self) -> float:
        """Return the seconds of processor time so far."""
        seconds = 0.0
        for process in self.server.children():
            # One that cleans up after others may have ended since.
            with suppress(psutil.NoSuchProcess):
                one = process.cpu_times()
                seconds += one.user + one.system
        return seconds

    def pace(self, act: Callable[[], tuple[int, float]]) -> Pace:
        """Return the pace of an act, which tells its orders and its own processor time."""
        before, started = self.seconds(), time.perf_counter()
        many, own = act()
        took = time.perf_counter() - started
        return Pace(many / took, 1000 * (own + self.seconds() - before) / many)

    def pace_here(self, act: Callable[[], object], many: int) -> Pace:
        """Return the pace of an act in this process."""

        def timed() -> tuple[int, float]:
            before = time.process_time()
            act()
            return many, time.process_time() - before

        return self.pace(timed)


def times(paces: Paces, ours: str, other: str) -> float:
    """Return how many times as quick our way is, round by round."""
    return median(a.rate / b.rate for a, b in zip(paces[ours], paces[other], strict=True))


def times_by_cpu(paces: Paces, ours: str, other: str) -> float:
    """Return how many times as little processor time our way takes, round by round."""
    return median(b.cpu / a.cpu for a, b in zip(paces[ours], paces[other], strict=True))


def table(title: str, paces: Paces, limit: str) -> None:
    """Print paces, and each as a share of the limit's."""
    load = os.getloadavg()[0]
    print(
        f"{title:28}{'orders/s':>10}{'of limit':>10}{'CPU ms':>9}{'of limit':>10}  load {load:.1f}"
    )
    for name, found in paces.items():
        rate, cpu = median(p.rate for p in found), median(p.cpu for p in found)
        by_clock, by_cpu = times(paces, name, limit), times_by_cpu(paces, name, limit)
        print(f"  {name:26}{rate:10.0f}{by_clock:10.3f}{cpu:9.2f}{by_cpu:10.3f}")


def holds(what: str, paces: Paces, ours: str, other: str, least: float) -> bool:
    """Print a claim and what was found; return whether it holds."""
    found, by_cpu = times(paces, ours, other), times_by_cpu(paces, ours, other)
    is_kept = found >= least
    mark = "" if is_kept else "  DOES NOT HOLD"
    print(f"  {what}: {found:.2f}, by processor time {by_cpu:.2f} (claim: at least {least}){mark}")
    return is_kept
