"""A supervised part: restarted with growing patience, stopped with all it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from supervisor.child import Child, stop
from supervisor.errors import CannotRunError
from supervisor.process import LOG_LIMIT, Part, open_log, session_members
from supervisor.ready import wait_until_ready

PATIENCE = 10.0


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class FakeProcess:
    pid: int = 2**22 + 1
    code: int | None = None

    def poll(self) -> int | None:
        return self.code


@dataclass
class Spawned:
    processes: list[FakeProcess] = field(default_factory=list)

    def __call__(self, _part: Part) -> FakeProcess:
        self.processes.append(FakeProcess())
        return self.processes[-1]


def a_part(*command: str, folder: Path = Path("/"), **rest) -> Part:
    return Part(
        name="worker-slow",
        command=command,
        environment=dict(os.environ),
        folder=folder,
        log=folder / "part.log" if folder != Path("/") else None,
        **rest,
    )


def gone(pid: int) -> bool:
    try:
        process = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return True
    gone_now, _ = psutil.wait_procs([process], timeout=PATIENCE)
    return bool(gone_now)


def test_a_part_that_keeps_ending_is_restarted_with_a_growing_delay():
    clock, spawned = Clock(), Spawned()
    child = Child(a_part(), clock=clock, spawn=spawned)
    child.start()

    waits = []
    for _ in range(8):
        spawned.processes[-1].code = 1
        child.tend()
        ended_at, starts = clock.now, len(spawned.processes)
        while len(spawned.processes) == starts:
            clock.now = round(clock.now + 0.1, 1)
            child.tend()
        waits.append(round(clock.now - ended_at, 1))

    assert waits == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]


def test_a_steady_run_makes_the_next_delay_short_again():
    clock, spawned = Clock(), Spawned()
    child = Child(a_part(), clock=clock, spawn=spawned)
    child.start()
    for lived in (1, 1, 1, 31):
        clock.now += lived
        spawned.processes[-1].code = -9
        news = child.tend()
        clock.now += 11
        child.tend()

    assert news == "worker-slow was ended by SIGKILL; starting it again in 0.2 s"


def test_a_restarted_part_is_told_once_it_is_ready():
    clock, spawned, answers = Clock(), Spawned(), [False, False, True]
    child = Child(a_part(is_ready=lambda _pid: answers.pop(0)), clock=clock, spawn=spawned)
    child.start()

    told = []
    for _ in range(4):
        clock.now += 0.5
        told.append(child.tend())

    assert told == [None, None, "worker-slow is back (1.5 s)", None]


def test_a_part_that_ends_before_it_is_ready_is_said_so(tmp_path):
    child = Child(a_part("/bin/sh", "-c", "exit 3", folder=tmp_path, is_ready=lambda _pid: False))
    child.start()

    with pytest.raises(CannotRunError, match="ended with exit code 3 before it was ready"):
        wait_until_ready(child)


def test_a_part_that_never_answers_is_given_up_at_its_deadline():
    clock = Clock()
    child = Child(a_part(is_ready=lambda _pid: False), clock=clock, spawn=Spawned())
    child.start()

    def pause(_seconds: float) -> None:
        clock.now += 7

    with pytest.raises(CannotRunError, match="worker-slow was not ready within 60 s"):
        wait_until_ready(child, pause=pause, clock=clock)


def test_killing_a_part_ends_the_processes_it_started(tmp_path):
    # As an RQ worker's horse does, the grandchild leads a process group of its own.
    script = "import os,time; os.fork() or os.setpgrp(); print(1, flush=True); time.sleep(60)"
    child = Child(a_part(sys.executable, "-c", script, folder=tmp_path))
    child.start()
    log = tmp_path / "part.log"
    wait_for(lambda: log.exists() and log.read_text().count("1") == 2)
    horse = session_members(child.pid or 0)

    stop([child], is_hurried=lambda: True)

    assert len(horse) == 1
    assert gone(horse[0])


def test_a_part_that_ignores_the_request_is_killed_after_its_grace(tmp_path):
    script = "import signal,time; signal.signal(15, 1); print(1, flush=True); time.sleep(60)"
    child = Child(a_part(sys.executable, "-c", script, folder=tmp_path, grace=0.1))
    child.start()
    wait_for(lambda: (tmp_path / "part.log").read_text() == "1\n")
    pid = child.pid or 0

    stop([child])

    assert gone(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
def test_a_part_dies_with_a_killed_supervisor(tmp_path):
    program = (
        "import sys, os; from pathlib import Path; from supervisor.process import Part, spawn\n"
        "part = Part(name='x', command=('/bin/sleep', '60'), environment={}, "
        "folder=Path('/'), log=None)\n"
        "print(spawn(part).pid, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    ) as supervisor:
        assert supervisor.stdout is not None
        pid = int(supervisor.stdout.readline())
        assert psutil.pid_exists(pid)

        supervisor.kill()

        assert gone(pid)


def test_a_log_starts_anew_when_it_has_grown_too_long(tmp_path):
    log = tmp_path / "web.log"
    log.write_bytes(b"x" * (LOG_LIMIT + 1))

    os.close(open_log(log))

    assert log.stat().st_size == 0
    assert (tmp_path / "web.old.log").stat().st_size == LOG_LIMIT + 1


def test_what_a_part_prints_is_kept_apart_from_its_log(tmp_path):
    part = a_part("/bin/sh", "-c", "echo said; echo logged >&2", folder=tmp_path)
    part = Part(**{name: getattr(part, name) for name in part.__slots__} | {
        "output": tmp_path / "part.out"
    })  # fmt: skip
    child = Child(part)
    child.start()
    wait_for(lambda: child.exit_code() is not None)

    assert (tmp_path / "part.out").read_text() == "said\n"
    assert (tmp_path / "part.log").read_text() == "logged\n"


def wait_for(condition) -> None:
    """Wait, with a deadline and without sleeping, by asking a child that always runs."""
    for _ in range(1000):
        if condition():
            return
        signal.sigtimedwait([], 0.01)
    raise AssertionError("it never came true")
