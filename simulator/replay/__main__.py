"""`python -m simulator.replay DIR`: lives through a recorded history and prints what came out."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from simulator.fedex import FedEx, ParcelBook
from simulator.http import Router
from simulator.http import Served as ServedHttp
from simulator.mailbox import Mailbox
from simulator.mailbox import Served as ServedMail
from simulator.replay.compare import table
from simulator.replay.drive import Drive, fill, parcel_numbers
from simulator.replay.history import History, Slice, read
from simulator.replay.platform import Platform
from simulator.worldclock import SteppedClock

SLICES = {
    "full": Slice("full", None, None),
    "slice_black_friday": Slice("slice_black_friday", datetime(2017, 11, 23, tzinfo=UTC), 5000),
}
TICKS = {"15m": timedelta(minutes=15), "1h": timedelta(hours=1), "6h": timedelta(hours=6)}
END = datetime(2018, 10, 18, tzinfo=UTC)
PROBES = tuple(
    datetime.fromisoformat(f"{day}T00:00:00+00:00")
    for day in ("2017-11-25", "2017-11-28", "2018-03-15", "2018-05-30", "2018-10-18")
)


def arguments(words: list[str]) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(prog="run.py replay", allow_abbrev=False)
    parser.add_argument("folder", type=Path, help="the folder of the recorded tables")
    parser.add_argument("--slice", choices=sorted(SLICES), default="slice_black_friday")
    parser.add_argument("--from", dest="start", type=datetime.fromisoformat, metavar="DATE")
    parser.add_argument("--orders", type=int, metavar="N")
    parser.add_argument("--tick", choices=TICKS, default="1h")
    parser.add_argument("--carriers", default="fedex=100")
    parser.add_argument("--push")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--resume", action="store_true")
    options = parser.parse_args(words)
    if {part.partition("=")[0] for part in options.carriers.split(",")} != {"fedex"}:
        parser.error("only FedEx is followed in this version: --carriers fedex=100")
    if options.push:
        parser.error("no carrier pushes in this version; leave --push out")
    if (options.start is None) != (options.orders is None):
        parser.error("--from DATE and --orders N go together")
    return options


def wanted(options: argparse.Namespace) -> Slice:
    """Return the slice that was asked for."""
    if options.start is None:
        return SLICES[options.slice]
    return Slice("slice", options.start.replace(tzinfo=UTC), options.orders)


def ask_answers(*words: str) -> dict[str, Any]:
    """Ask the platform for numbers from its own database, by its command line."""
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "answers", *words]
    output = subprocess.run(command, check=True, capture_output=True, text=True)
    answers: dict[str, Any] = json.loads(output.stdout)
    return answers


def create_key() -> None:
    """Give this program its key, by the platform's command line."""
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "keys", "create", "replay"]
    subprocess.run(
        [*command, "--from-environment", "SIMULATOR_API_KEY"], check=True, capture_output=True
    )


def assemble(history: History, drive: Drive, states: dict[str, Any]) -> dict[str, Any]:
    """Return all answers in the shape of the expected ones; only the door's own counts are ours."""
    ids = sorted(p.id for p in history.purchases)
    found = ask_answers("--channel", "olist")
    accepted = found.pop("numbers")
    taken = sorted([*accepted, *drive.refused])
    moments = [p.purchased_at for p in history.purchases]
    return {
        "orders": len(taken),
        "items": found.pop("items"),
        "order_ids_sha256": hashlib.sha256("\n".join(taken or ids).encode()).hexdigest(),
        "first_purchase": f"{min(moments):%Y-%m-%d %H:%M:%S}",
        "last_purchase": f"{max(moments):%Y-%m-%d %H:%M:%S}",
        "orders_without_items": len(drive.refused),
        "stamps_cleaned": history.cleaned,
        **found,
        "state_at": states,
    }


def main(words: list[str]) -> int:
    """Run the replay; 1 where an answer differs from the expected one."""
    options = arguments(words)
    chosen = wanted(options)
    history = read(options.folder, chosen)
    clock = SteppedClock(END)
    book = ParcelBook(clock)
    numbers = parcel_numbers(history)
    fill(book, history, numbers)
    router, box = Router(), Mailbox()
    client = (os.environ["FEDEX_CLIENT_ID"], os.environ["FEDEX_CLIENT_SECRET"])
    FedEx(book, client).mount(router)
    carrier = ServedHttp(router, int(os.environ["SIMULATOR_PORT"]))
    mail = ServedMail(box, int(os.environ["SIMULATOR_SMTP_PORT"]))
    create_key()
    states: dict[str, Any] = {}

    def probe(at: datetime) -> None:
        states[f"{at:%Y-%m-%d %H:%M:%S}"] = ask_answers("--state-at", at.isoformat())

    platform = Platform(os.environ["ONWARD_URL"], os.environ["SIMULATOR_API_KEY"])
    drive = Drive(platform, history, clock, numbers, TICKS[options.tick], END, probe, PROBES)
    started = time.monotonic()
    drive.run(resumes=options.resume)
    for at in PROBES:
        # A run that went on from later asks for the earlier moments from the events' own times.
        if f"{at:%Y-%m-%d %H:%M:%S}" not in states:
            probe(at)
    answers = {chosen.name: assemble(history, drive, dict(sorted(states.items())))}
    if options.json:
        options.json.write_text(json.dumps(answers, indent=1) + "\n")
    report(drive, box, time.monotonic() - started)
    carrier.close()
    mail.close()
    return table(options.folder, chosen.name, answers[chosen.name])


def report(drive: Drive, box: Mailbox, seconds: float) -> None:
    """Print what was done and where the time went."""
    print(f"\n{seconds:.0f} s, {drive.steps} steps, {drive.platform.calls} calls to the platform")
    print("told: " + ", ".join(f"{n} {name}" for name, n in drive.told.items()))
    print(f"mails: {box.received}, doubled: {len(box.doubled())}")
    spent = ", ".join(f"{name} {s:.0f} s" for name, s in sorted(drive.spent.items()))
    print(f"spent on: {spent}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of this program: {peak:.0f} MB")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
