"""The supervisor's commands: run, replay, flask."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from supervisor import parts
from supervisor.bell import Bell, StopAsked
from supervisor.errors import CannotRunError
from supervisor.files import hold, make_folder, read_json
from supervisor.leftovers import RECORD, end_leftovers
from supervisor.platform import Platform
from supervisor.ports import remembered_ports, require_free
from supervisor.settings import DEFAULT_SPEED, Situation, environment, kept_secrets

DATA = parts.ROOT / ".data"
SECRETS, PORTS = "secrets.json", "ports.json"
SERVERS = ("postgres", "valkey", "simulator", "simulator_smtp")
ANY_PORT = 0
INTERRUPTED = 130


def main(arguments: list[str]) -> int:
    """Return the exit code of one command of the supervisor."""
    commands = {"run": run, "replay": replay, "flask": flask}
    try:
        return commands[arguments[0]](arguments[1:])
    except CannotRunError as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"The platform cannot run: {error}.", file=sys.stderr)
    return 1


def run(words: list[str]) -> int:
    """Run the platform until somebody stops it."""
    parser = argparse.ArgumentParser(prog="run.py", allow_abbrev=False)
    parser.add_argument("--port", type=int, default=8000, help="the port people open")
    parser.add_argument("--data", type=Path, default=DATA, help="the folder everything is kept in")
    parser.add_argument("--speed", type=int, default=DEFAULT_SPEED, help="world seconds a second")
    parser.add_argument("--no-demo", action="store_true", help="start with an empty marketplace")
    options = parser.parse_args(words)
    with (
        suppress(StopAsked),
        platform(options.data, options.port, speed=options.speed) as onward,
    ):
        onward.with_demo = not options.no_demo
        onward.start()
        tell(f"\nOnward is at {onward.address()}\n")
        if onward.greeting:
            tell(f"{onward.greeting}\n")
        tell(f"The logs are in {onward.logs}. Ctrl-C stops everything.")
        onward.keep_running()
    return 0


def replay(words: list[str]) -> int:
    """Run a recorded history through a platform of its own; return its exit code."""
    parser = argparse.ArgumentParser(prog="run.py replay", allow_abbrev=False)
    parser.add_argument("--data", type=Path, default=DATA / "replay")
    parser.add_argument("--port", type=int, default=ANY_PORT)
    options, rest = parser.parse_known_args(words)
    with suppress(StopAsked), platform(options.data, options.port, is_replay=True) as onward:
        onward.with_demo = False
        onward.start()
        tell(f"The replay can be watched at {onward.address()} (logs in {onward.logs}).")
        return onward.accompany(parts.replay(onward.workshop(), tuple(rest)))
    return INTERRUPTED


def flask(words: list[str]) -> int:
    """Become one of the application's commands, with the settings of the platform on this data."""
    data = DATA
    if words[:1] == ["--data"]:
        data, words = Path(words[1]), words[2:]
    known = dict(os.environ)
    if (data / SECRETS).exists() and (data / PORTS).exists():
        known = environment(
            Situation(
                ports={"web": 8000, **read_json(data / PORTS)},
                kept=kept_secrets(data / SECRETS),
                given=os.environ,
            )
        )
    application = str(parts.ROOT / "wsgi.py")
    command = [sys.executable, "-P", "-m", "flask", "--app", application, *words]
    os.execve(command[0], command, known)  # noqa: S606 - no shell is wanted


@contextmanager
def platform(
    folder: Path, port: int, *, speed: int = DEFAULT_SPEED, is_replay: bool = False
) -> Iterator[Platform]:
    """Hold the data folder and yield its platform, not started; stop it whatever happens."""
    data = make_folder(folder.resolve())
    make_folder(data / "logs", 0o700)
    with hold(data), Bell() as bell:
        if end_leftovers(data / RECORD):
            tell("Processes of an earlier start were still running and have been ended.")
        situation = Situation(
            ports=choose_ports(data, port),
            kept=kept_secrets(data / SECRETS),
            given=os.environ,
            speed=speed,
            is_replay=is_replay,
        )
        onward = Platform(data=data, situation=situation, bell=bell, tell=tell)
        try:
            yield onward
        finally:
            tell("Stopping ...")
            onward.stop()
            tell("Everything has stopped.")


def choose_ports(data: Path, port: int) -> Mapping[str, int]:
    """Return every port: the web's as asked for, the others as they were or free ones."""
    if port == ANY_PORT:
        return remembered_ports(data / PORTS, (*SERVERS, "web"))
    return {**remembered_ports(data / PORTS, SERVERS), "web": require_free(port)}


def tell(line: str) -> None:
    """Print a line; a terminal that has gone away must not keep the rest from being stopped."""
    with suppress(OSError):
        print(line, flush=True)
