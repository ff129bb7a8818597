"""The whole platform: starts its parts in order, keeps them running, stops them in reverse."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from supervisor import parts, postgres, schema, valkey
from supervisor.bell import Bell
from supervisor.child import Child, stop
from supervisor.errors import CannotRunError
from supervisor.leftovers import RECORD, remember
from supervisor.ports import LOOPBACK
from supervisor.process import Part
from supervisor.ready import wait_until_ready
from supervisor.settings import Situation, environment, postgres_passwords

TELL_LINES = 8
# How often a quiet platform is looked at; a child that ends wakes us at once.
QUIET, BUSY = 1.0, 0.05


@dataclass(slots=True)
class Platform:
    """One running copy of Onward."""

    data: Path
    situation: Situation
    bell: Bell
    tell: Callable[[str], None]
    with_demo: bool = True
    greeting: str = ""
    servers: list[Child] = field(default_factory=list)
    programs: list[Child] = field(default_factory=list)

    @property
    def logs(self) -> Path:
        """Return the folder of every part's log."""
        return self.data / "logs"

    def start(self) -> None:
        """Start every part, each after what it needs is ready."""
        self._start_servers()
        shop = self.workshop()
        if not self._is_current(shop):
            self.finish(parts.migrations(shop))
        if self.with_demo:
            self.greeting = self.finish(parts.seed(shop)).rstrip()
        self._start_programs(shop)

    def _is_current(self, shop: parts.Workshop) -> bool:
        # A database of somebody else's may have been given another login since.
        ours = self.situation.database_is_ours
        return ours and schema.is_current(shop.environment["DATABASE_OWNER_URL"])

    def workshop(self) -> parts.Workshop:
        """Return what every Python part is started with."""
        return parts.Workshop(environment(self.situation), self.logs)

    def _start_servers(self) -> None:
        kept, ports = self.situation.kept, self.situation.ports
        if self.situation.database_is_ours:
            self._start_postgres(postgres_passwords(kept), ports["postgres"])
        if self.situation.valkey_is_ours:
            part = valkey.part(
                folder=self.data / "valkey",
                port=ports["valkey"],
                password=kept["valkey"],
                log=self.logs / "valkey.log",
                keeping=valkey.KEPT,
            )
            self._start([part], self.servers, f"on {ports['valkey']}")

    def _start_postgres(self, passwords: postgres.Passwords, port: int) -> None:
        cluster = postgres.cluster_in(self.data, port, passwords)
        if postgres.make(cluster):
            self.tell(f"PostgreSQL's data folder made in {cluster.folder}")
        part = postgres.part(cluster, self.logs / "postgres.log")
        self._start([part], self.servers, f"on {port}")
        postgres.install_roles(cluster)

    def _start_programs(self, shop: parts.Workshop) -> None:
        ports, is_replay = self.situation.ports, self.situation.is_replay
        workers, threads = (1, 4) if is_replay else (2, 16)
        web = parts.web(shop, ports["web"], workers=workers, threads=threads)
        self._start([web], self.programs, f"on {ports['web']}")
        background = [parts.worker(shop, queue) for queue in parts.QUEUES]
        self._start([*background, parts.scheduler(shop)], self.programs)
        if self.with_demo:
            simulator = parts.simulator(shop, ports["simulator"])
            self._start([simulator], self.programs, f"on {ports['simulator']}")

    def _start(self, together: list[Part], kind: list[Child], where: str = "") -> None:
        children = [Child(part) for part in together]
        for child in children:
            kind.append(child)
            child.start()
        self._remember()
        for child in children:
            took = self._await(child)
            self.tell(" ".join(filter(None, [child.part.name, "ready", where, f"({took:.1f} s)"])))

    def _await(self, child: Child) -> float:
        try:
            return wait_until_ready(child, pause=self.bell.pause)
        except CannotRunError as error:
            raise CannotRunError(f"{error}\n{self._last_lines(child.part)}") from None

    def finish(self, part: Part) -> str:
        """Run a part to its end and return what it printed; its failure is ours."""
        started, child = time.monotonic(), Child(part)
        self.programs.append(child)
        child.start()
        code = self._ended(child)
        if code != 0:
            raise CannotRunError(
                f"{part.name} failed with exit code {code}.\n{self._last_lines(part)}"
            )
        self.programs.remove(child)
        self.tell(f"{part.name} done ({time.monotonic() - started:.1f} s)")
        return part.output.read_text(errors="replace") if part.output else ""

    def _ended(self, child: Child) -> int:
        while (code := child.exit_code()) is None:
            self.bell.pause(QUIET)
        child.forget()
        return code

    def keep_running(self) -> None:
        """Restart what ends, until somebody asks to stop."""
        while True:
            self.tend()

    def accompany(self, part: Part) -> int:
        """Run a part in the foreground, keeping the rest running; return its exit code."""
        child = Child(part)
        self.programs.append(child)
        child.start()
        self._remember()
        while (code := child.exit_code()) is None:
            self.tend(besides=child)
        return code

    def tend(self, besides: Child | None = None) -> None:
        """Look after every part once, then wait until something happens."""
        watched = [child for child in (*self.servers, *self.programs) if child is not besides]
        before = [child.pid for child in watched]
        for child in watched:
            news = child.tend()
            if news:
                self.tell(news)
        if before != [child.pid for child in watched]:
            self._remember()
        is_quiet = all(child.is_settled for child in watched)
        self.bell.pause(QUIET if is_quiet else BUSY)

    def stop(self) -> None:
        """Stop everything in reverse; the database writes down what it holds."""
        self.bell.is_stopping = True
        programs = [*reversed(self.programs)]
        stop(programs, pause=self.bell.pause, is_hurried=lambda: self.bell.is_hurried)
        for server in self.servers:
            stop([server], pause=self.bell.pause)
        (self.data / RECORD).unlink(missing_ok=True)

    def _remember(self) -> None:
        remember(self.data / RECORD, [*self.servers, *self.programs])

    def _last_lines(self, part: Part) -> str:
        lines = part.log.read_text(errors="replace").splitlines() if part.log else []
        return "\n".join([*lines[-TELL_LINES:], f"All of it: {part.log}"])

    def address(self) -> str:
        """Return where people find the platform."""
        return f"http://{LOOPBACK}:{self.situation.ports['web']}"
