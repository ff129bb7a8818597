"""Where a webhook may go (S52): public https alone, looked up once, and followed nowhere."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from app.shared.errors import InvalidInput
from app.shared.outbound import Failure, OutboundError
from app.shared.pinned import Pinned, is_public
from app.webhooks import rules
from config import Config
from simulator.http import Reply, Request, Router, Served
from tests.security.tls import authority, front


@dataclass
class Program:
    """A program on loopback that must, or must not, be called."""

    port: int = 0
    heard: list[Request] = field(default_factory=list)


@contextmanager
def listening() -> Iterator[Program]:
    program, router = Program(), Router()

    def answer(request: Request) -> Reply:
        program.heard.append(request)
        return Reply(204)

    router.add("POST", "/onward", answer)
    served = Served(router, 0)
    program.port = int(served.url.rpartition(":")[2])
    yield program
    served.close()


INSIDE = (
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",  # noqa: S104 - an address that must be refused
    "0.1.2.3",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.127.255.254",
    "192.0.0.8",
    "192.0.2.1",
    "198.18.0.1",
    "203.0.113.5",
    "224.0.0.1",
    "239.1.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd12:3456::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "2001::1",
    "2002:7f00:1::",
    "not an address",
)


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_that_is_not_public_is_never_called(address: str) -> None:
    assert is_public(address) is False


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"])
def test_an_address_that_is_public_may_be(address: str) -> None:
    assert is_public(address) is True


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://example.com:8443/",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://user:secret@example.com/",
        "https://example.com/#part",
        "https://localhost/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://017700000001/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://intranet/",
        "https://example.com\\@127.0.0.1/",
        "https://exa mple.com/",
        "https://ex\u00e4mple.com/",
        "https://[::1",
        "https:///path",
        "ftp://example.com/",
        "javascript:alert(1)",
        "",
    ],
)
def test_an_address_that_no_webhook_may_have_is_refused_in_words(url: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        rules.require_url(url, is_strict=True)

    assert refused.value.fields["url"]


def test_an_address_on_the_internet_is_taken() -> None:
    for url in ("https://example.com/onward?from=1", "https://hooks.example.co.uk:443/a"):
        assert rules.require_url(url, is_strict=True) == url
    assert rules.require_url("http://127.0.0.1:9000/x", is_strict=False)


def test_production_calls_public_addresses_only_and_a_developer_may_call_loopback() -> None:
    assert Config(ENVIRONMENT="production").for_flask()["PUBLIC_WEBHOOKS_ONLY"] is True
    assert Config(ENVIRONMENT="demo").for_flask()["PUBLIC_WEBHOOKS_ONLY"] is False


@dataclass
class Names:
    """A resolver that gives the answers it was made with, one after the other, and counts."""

    answers: list[list[str]]
    asked: int = 0

    def __call__(self, host: str, port: int) -> list[str]:  # noqa: ARG002 - a resolver's shape
        self.asked += 1
        return self.answers.pop(0)


@pytest.mark.parametrize(
    "found",
    [
        [["127.0.0.1"]],
        [["93.184.216.34", "127.0.0.1"]],
        [["::ffff:127.0.0.1"]],
        [["100.64.0.7"]],
        [["169.254.169.254"]],
    ],
)
def test_a_name_that_leads_inside_is_called_by_nobody(found: list[list[str]]) -> None:
    caller = Pinned(is_strict=True, resolve=Names(found))

    # A test that reached anything outside would fail for that alone.
    with pytest.raises(OutboundError) as refused:
        caller.post("https://hooks.example.com/onward", b"{}", headers={})

    assert refused.value.kind is Failure.FORBIDDEN


@pytest.mark.parametrize("url", ["http://hooks.example.com/", "https://hooks.example.com:8443/"])
def test_only_https_at_its_own_port_is_called_whatever_is_kept(url: str) -> None:
    names = Names([["93.184.216.34"]])

    with pytest.raises(OutboundError) as refused:
        Pinned(is_strict=True, resolve=names).post(url, b"{}", headers={})

    assert (refused.value.kind, names.asked) == (Failure.FORBIDDEN, 0)


def test_a_name_is_looked_up_once_and_that_address_is_called_by_its_name(tmp_path: Path) -> None:
    """Rebinding: a second look would lead to where nobody listens, and is never taken."""
    hosts: list[str | None] = []
    ca = authority(tmp_path)
    context = ca.context_for("hooks.example.com")
    context.sni_callback = lambda _sock, name, _context: hosts.append(name)
    names = Names([["127.0.0.1"], ["169.254.169.254"]])
    trusted = ssl.create_default_context(cafile=str(ca.file))
    caller = Pinned(is_strict=False, resolve=names, trusted=trusted)

    with listening() as program, front(program.port, context) as door:
        url = f"https://hooks.example.com:{door}/onward"
        status = caller.post(url, b"{}", headers={})
    (request,) = program.heard

    host = {name.lower(): value for name, value in request.headers.items()}["host"]
    assert (status, names.asked, hosts) == (204, 1, ["hooks.example.com"])
    assert host == f"hooks.example.com:{door}"


def test_a_certificate_of_another_name_is_not_believed(tmp_path: Path) -> None:
    ca = authority(tmp_path)
    context = ca.context_for("hooks.example.com")
    trusted = ssl.create_default_context(cafile=str(ca.file))
    caller = Pinned(is_strict=False, resolve=Names([["127.0.0.1"]]), trusted=trusted)

    with listening() as program, front(program.port, context) as door:
        with pytest.raises(OutboundError) as refused:
            caller.post(f"https://other.example.com:{door}/onward", b"{}", headers={})
        heard = list(program.heard)

    assert (refused.value.kind, heard) == (Failure.NETWORK, [])


def test_a_program_that_drips_its_answer_holds_nobody_up() -> None:
    door = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def drip() -> None:
        line_, _ = door.accept()
        with line_:
            line_.recv(4096)
            line_.sendall(b"HTTP/1.1 200 OK\r\n")
            while not done.wait(0.05):
                with suppress(OSError):
                    line_.send(b"X")

    thread = threading.Thread(target=drip)
    thread.start()
    caller = Pinned(is_strict=False, total=timedelta(seconds=0.4))
    with pytest.raises(OutboundError) as caught:
        caller.post(f"http://127.0.0.1:{door.getsockname()[1]}/", b"{}", headers={})
    done.set()
    thread.join()
    door.close()

    assert caught.value.kind is Failure.TIMEOUT
