"""One supervised part: started, watched, restarted with growing patience, and stopped."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from supervisor.process import Part, Running, Spawn, ending, session_members, spawn

FIRST_DELAY = 0.2
LONGEST_DELAY = 10.0
# A process that lived this long did not fail because of how it was started.
STEADY_AFTER = 30.0


@dataclass(slots=True)
class Backoff:
    """How long to wait before the next start: longer each time, short again after a steady run."""

    delay: float = 0.0

    def after(self, lived: float) -> float:
        """Return the wait after a process that lived this long."""
        is_fresh = lived >= STEADY_AFTER or self.delay == 0.0
        self.delay = FIRST_DELAY if is_fresh else min(self.delay * 2, LONGEST_DELAY)
        return self.delay


@dataclass(slots=True)
class Child:
    """A part and the process that is it now."""

    part: Part
    clock: Callable[[], float] = time.monotonic
    spawn: Spawn = field(default_factory=lambda: spawn)
    is_ready: bool = False
    started_at: float = 0.0
    _process: Running | None = None
    _retry_at: float | None = None
    _backoff: Backoff = field(default_factory=Backoff)

    @property
    def pid(self) -> int | None:
        """Return the process's id while there is one."""
        return self._process.pid if self._process else None

    @property
    def is_settled(self) -> bool:
        """Return whether nothing is expected of it soon."""
        return self._process is not None and self.is_ready

    def start(self) -> None:
        """Start the process; it is not ready yet."""
        self.part.before_start()
        self.is_ready = False
        self._retry_at = None
        self.started_at = self.clock()
        self._process = self.spawn(self.part)

    def exit_code(self) -> int | None:
        """Return how the process ended, nothing while it runs."""
        return self._process.poll() if self._process else 0

    def check_ready(self) -> bool:
        """Return whether the process answers; asked again until it does."""
        if self._process and not self.is_ready:
            self.is_ready = self.part.is_ready(self._process.pid)
        return self.is_ready

    def tend(self) -> str | None:
        """Restart an ended process after its wait; return what is worth telling."""
        if self._process is None:
            self._start_when_due()
            return None
        code = self._process.poll()
        if code is not None:
            return self._plan_restart(code)
        if not self.is_ready and self.check_ready():
            return f"{self.part.name} is back ({self.clock() - self.started_at:.1f} s)"
        return None

    def _plan_restart(self, code: int) -> str:
        self._end_leftovers()
        now = self.clock()
        delay = self._backoff.after(now - self.started_at)
        self._process, self.is_ready, self._retry_at = None, False, now + delay
        return f"{self.part.name} {ending(code)}; starting it again in {delay:.1f} s"

    def _start_when_due(self) -> None:
        if self._retry_at is not None and self.clock() >= self._retry_at:
            self.start()

    def ask_to_stop(self, signal_number: int | None = None) -> None:
        """Ask the process to end in its own good order."""
        if self._process and self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, signal_number or self.part.stop_signal)

    def kill(self) -> None:
        """End the process and all it started, at once."""
        if self._process and self._process.poll() is None:
            self._end_leftovers()
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)

    def forget(self) -> None:
        """End what the ended process left behind, and expect nothing more of it."""
        self._end_leftovers()
        self._process, self._retry_at = None, None

    def _end_leftovers(self) -> None:
        # An RQ worker's horse has a process group of its own but shares its session.
        for pid in session_members(self._process.pid if self._process else 0):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


def stop(
    children: Sequence[Child],
    *,
    pause: Callable[[float], None] = time.sleep,
    is_hurried: Callable[[], bool] = lambda: False,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Stop the children together, giving each its grace unless somebody is in a hurry."""
    for child in children:
        child.ask_to_stop()
    started = clock()
    while waiting := [child for child in children if child.exit_code() is None]:
        for child in waiting:
            if is_hurried() or clock() - started > child.part.grace:
                child.kill()
        pause(0.02)
    for child in children:
        child.forget()
