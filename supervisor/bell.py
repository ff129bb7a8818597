"""What wakes the supervisor: a child that ended, or somebody who wants it to stop."""

from __future__ import annotations

import os
import select
import signal
from types import FrameType
from typing import Self

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopAsked(BaseException):
    """Somebody asked for an orderly end; it is no error, and nothing may take it for one."""


class Bell:
    """Counts the requests to stop, and makes every wait end early when something happens."""

    def __init__(self) -> None:
        self.requests = 0
        self.interrupts = 0
        self.is_stopping = False
        self._out, self._in = os.pipe()
        for end in (self._out, self._in):
            os.set_blocking(end, False)

    def __enter__(self) -> Self:
        wanted = [signal.SIGCHLD, signal.SIGINT, signal.SIGTERM]
        # Under nohup a closed terminal is to be ignored, and stays so.
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            wanted.append(signal.SIGHUP)
        self._before = {number: signal.signal(number, self._ring) for number in wanted}
        self._wakeup = signal.set_wakeup_fd(self._in, warn_on_full_buffer=False)
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(self._wakeup)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._in)
        os.close(self._out)

    @property
    def is_hurried(self) -> bool:
        """Return whether Ctrl-C was pressed again."""
        return self.interrupts > 1

    def pause(self, seconds: float) -> None:
        """Wait, at most this long; raise when a stop was asked and has not begun."""
        self._raise_when_asked()
        ready, _, _ = select.select([self._out], [], [], seconds)
        if ready:
            os.read(self._out, 4096)
        self._raise_when_asked()

    def _raise_when_asked(self) -> None:
        if self.requests and not self.is_stopping:
            raise StopAsked

    def _ring(self, number: int, _frame: FrameType | None) -> None:
        self.requests += number in STOPPING
        self.interrupts += number == signal.SIGINT
