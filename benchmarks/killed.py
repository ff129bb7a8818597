"""Claim: of 10,000 orders sent while workers are killed at random, none is lost and none doubled.

A platform of its own takes mixed orders over its API from four clients: usual ones, doubtful ones,
more than there is stock for. Every other second or so one of its workers is killed. Afterwards
every acknowledged order must exist once, be held or have a decision, stand with the vendors as its
lines say, and be kept from nobody who has the units; and all invariants must hold.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import requests

from supervisor.ports import free_port

ROOT = Path(__file__).parents[1]
CLIENTS, VENDORS, SKUS = 4, 12, 150
# A client asks again until it is answered, as every client of such an interface has to.
TRIES, TIMEOUT, READY_SECONDS, QUIET_SECONDS = 60, 20, 120, 300
AFTER = 20
CHANNEL = "killed"
SOUND: dict[str, str] = {
    "doubled or lost": "SELECT abs(count(*) - {acknowledged}) FROM orders",
    "neither held nor decided": "SELECT count(*) FROM orders o WHERE held_since IS NULL AND NOT"
    " EXISTS (SELECT FROM decisions d WHERE d.order_id = o.id AND d.kind = 'routing')",
    "twice at one place": "SELECT count(*) FROM (SELECT FROM fulfillment_orders"
    " WHERE status <> 'rejected' GROUP BY order_id, location_id HAVING count(*) > 1) f",
    "kept from units that are there": "SELECT count(*) FROM orders o JOIN order_lines l"
    " ON l.order_id = o.id WHERE o.held_since IS NULL AND l.unrouted > 0 AND EXISTS (SELECT FROM"
    " listings x JOIN stock s ON s.listing_id = x.id WHERE x.sku = l.sku"
    " AND s.on_hand - s.reserved >= l.unrouted)",
}
WAITING = (
    "SELECT count(*) FROM orders WHERE status = 'received' AND held_since IS NULL"
    " AND unfilled_since IS NULL"
)


@contextmanager
def platform(folder: Path) -> Iterator[str]:
    """Run a platform of its own, and return where it is."""
    command = [
        sys.executable,
        "run.py",
        "--no-demo",
        "--data",
        str(folder),
        "--port",
        str(free_port()),
    ]
    with (folder.parent / "platform.log").open("w+") as log:
        running = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        try:
            yield address(folder.parent / "platform.log", running)
        finally:
            running.send_signal(signal.SIGINT)
            running.wait()


def address(log: Path, running: subprocess.Popen[bytes]) -> str:
    """Return where the platform says that it is."""
    ends = time.monotonic() + READY_SECONDS
    while time.monotonic() < ends and running.poll() is None:
        if found := re.search(r"Onward is at (\S+)", log.read_text()):
            return found[1]
        time.sleep(0.2)
    raise SystemExit(f"The platform did not start:\n{log.read_text()}")


def flask(folder: Path, *words: str) -> str:
    """Return what a command of the application prints."""
    command = [sys.executable, "run.py", "--data", str(folder), "flask", *words]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    return done.stdout + done.stderr


def shelves(chance: random.Random) -> list[dict[str, Any]]:
    """Return who sells what, and how much of it."""
    return [
        {
            "vendor": vendor,
            "location": "main",
            "sku": f"SKU-{n:03}",
            "title": f"Thing {n}",
            "cost": f"{chance.randint(100, 2000) / 100:.2f}",
            "stock": chance.choice([0, 5, 50, 200, 500]),
        }
        for n in range(SKUS)
        for vendor in chance.sample([f"vendor-{i}" for i in range(VENDORS)], chance.randint(1, 5))
    ]


def vendors(chance: random.Random) -> list[dict[str, Any]]:
    """Return vendors with a place each."""
    return [
        {
            "code": f"vendor-{i}",
            "name": f"Vendor {i}",
            "email": f"vendor-{i}@example.org",
            "location": {
                "name": "Main",
                "zone": "Europe/Berlin",
                "country": chance.choice(["SE", "DE", "FR", "NL"]),
                "handling_days": chance.randint(0, 3),
            },
        }
        for i in range(VENDORS)
    ]


def drawn(seed: int) -> random.Random:
    """Return chance that falls the same way each time."""
    return random.Random(seed)  # noqa: S311 - nobody has to be surprised by it


def seldom(chance: random.Random) -> bool:
    """Return yes once in fifty times."""
    return chance.randrange(50) == 0


def order(n: int) -> dict[str, Any]:
    """Return the n-th order: some are doubtful, some cannot be filled."""
    chance = drawn(n)
    lines = [
        {
            "external_id": str(i),
            "sku": "UNKNOWN" if seldom(chance) else f"SKU-{chance.randrange(SKUS):03}",
            "title": "Thing",
            "quantity": 120 if seldom(chance) else chance.choice([1, 1, 1, 2, 3, 4]),
            "unit_price": "12.50",
        }
        for i in range(chance.choice([1, 1, 2, 3, 5]))
    ]
    name = chance.choice(["Ada Lind", "Zoë Ärlig", "محمد علي", "李小龙 🎁"])
    return {
        "channel": CHANNEL,
        "number": f"K-{n}",
        "placed_at": "2026-11-21T10:00:00+01:00",
        "currency": "EUR",
        "customer": {"external_id": f"C{n % 3000}", "name": name, "email": f"c{n}@example.org"},
        "ship_to": {
            "name": name,
            "line1": "Storgatan 1",
            "city": "Malmö",
            "postal_code": "1" if seldom(chance) else "211 34",
            "country": "SE",
        },
        "lines": lines,
        "payment": {"status": "authorized", "amount": "99.00"},
    }


class Client:
    """Sends orders, each until it is answered."""

    def __init__(self, base: str, key: str) -> None:
        """Open a session."""
        self.base, self.session = f"{base}/api/v1", requests.Session()
        self.session.headers["Authorization"] = f"Bearer {key}"

    def keep(self, path: str, body: dict[str, Any]) -> None:
        """Write what the marketplace has."""
        self.session.put(f"{self.base}{path}", json=body, timeout=TIMEOUT).raise_for_status()

    def place(self, n: int) -> int:
        """Return the status of the n-th order's answer."""
        headers = {"Idempotency-Key": f"killed-{n}"}
        for _ in range(TRIES):
            with suppress(requests.RequestException):
                found = self.session.post(
                    f"{self.base}/orders", json=order(n), headers=headers, timeout=TIMEOUT
                )
                if found.status_code not in {429, 502, 503}:
                    return found.status_code
            time.sleep(0.3)
        return 0


def kill(folder: Path, is_over: threading.Event, kills: list[int]) -> None:
    """Kill a worker now and then, until it is over."""
    chance = drawn(9)
    while not is_over.wait(chance.uniform(1.5, 4)):
        with suppress(OSError, ValueError, IndexError):
            known = json.loads((folder / "processes.json").read_text())
            workers = [pid for pid, words in known.items() if "workers.run" in words]
            os.kill(int(chance.choice(workers)), signal.SIGKILL)
            kills.append(1)


def sound(folder: Path, acknowledged: int) -> bool:
    """Print what the database says, once nothing waits to be routed; return whether all holds."""
    kept = json.loads((folder / "secrets.json").read_text())
    ports = json.loads((folder / "ports.json").read_text())
    url = f"postgresql://postgres:{kept['postgres_superuser']}@127.0.0.1:{ports['postgres']}/onward"
    with psycopg.connect(url, autocommit=True) as connection:

        def count(query: str) -> int:
            row = connection.execute(query).fetchone()
            return int(row[0]) if row else -1

        ends = time.monotonic() + QUIET_SECONDS
        while count(WAITING) and time.monotonic() < ends:
            time.sleep(1)
        found = {"still waiting to be routed": count(WAITING)}
        for name, query in SOUND.items():
            found[name] = count(query.format(acknowledged=acknowledged))
    for name, many in found.items():
        print(f"{name}: {many}")
    told = flask(folder, "check").strip().splitlines()[-1]
    print(told)
    return not any(found.values()) and told == "all invariants hold"


def main() -> int:
    """Send the orders while workers die; 1 where something was lost, doubled or left."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000)
    many = parser.parse_args().orders
    folder = Path(tempfile.mkdtemp()) / "data"
    with platform(folder) as base:
        key = re.findall(r"onw_[\w-]+", flask(folder, "keys", "create", "killed"))[-1]
        chance = drawn(5)
        first = Client(base, key)
        first.keep("/vendors", {"vendors": vendors(chance)})
        listings = shelves(chance)
        for i in range(0, len(listings), 500):
            first.keep("/listings", {"listings": listings[i : i + 500]})
        is_over, kills = threading.Event(), list[int]()
        killer = threading.Thread(target=kill, args=(folder, is_over, kills))
        killer.start()
        started = time.perf_counter()
        with ThreadPoolExecutor(CLIENTS) as pool:
            clients = [Client(base, key) for _ in range(CLIENTS)]
            answers = list(pool.map(lambda n: clients[n % CLIENTS].place(n), range(many)))
        took = time.perf_counter() - started
        acknowledged = answers.count(201)
        print(f"{acknowledged} of {many} acknowledged in {took:.0f} s, {len(kills)} workers killed")
        # Routing goes on for a while, and so does the killing.
        is_over.wait(AFTER)
        is_over.set()
        killer.join()
        print(f"{len(kills)} workers killed in all")
        return 0 if sound(folder, acknowledged) and acknowledged == many and kills else 1


if __name__ == "__main__":
    sys.exit(main())
