"""Calling addresses that strangers name: one look-up, only public addresses, nobody is followed.

A name is looked up once, every address it has must be public, and the connection goes to one of
those: a name that points elsewhere a moment later is not asked again. What answers may hang, drip
or point elsewhere; it is given so many seconds in all, and nothing of its body is read.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import cache
from urllib.parse import SplitResult, urlsplit

import certifi

from app.shared.outbound import Failure, OutboundError

CONNECT = timedelta(seconds=3)
# The whole call, from the connection to the answer's status.
TOTAL = timedelta(seconds=8)
PORTS = {"https": 443, "http": 80}
# The one part of IPv6 that is handed out to anybody.
GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
# Of what Python calls global: protocols' own, documentation, and ways that carry IPv4 along.
NOBODYS = tuple(
    ipaddress.ip_network(network)
    for network in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2002::/16", "3fff::/20")
)

# Looks a name up: returns all its addresses.
Resolve = Callable[[str, int], Sequence[str]]


def resolve(host: str, port: int) -> list[str]:
    """Return all addresses that a name has just now."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(address: str) -> bool:
    """Return whether an address is anybody's on the internet, and no machine's or network's own."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        if ip not in GLOBAL_UNICAST:
            return False
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in NOBODYS)


@cache
def _trusted() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certifi.where())


class Pinned:
    """Posts to addresses that strangers name; from any thread.

    `is_strict`: https at its own port and a public address, or OutboundError (FORBIDDEN) and no
    connection; else anything goes, as on a developer's machine.
    """

    def __init__(
        self,
        *,
        is_strict: bool,
        resolve: Resolve = resolve,
        total: timedelta = TOTAL,
        trusted: ssl.SSLContext | None = None,
    ) -> None:
        """Keep the bounds, who is asked for addresses, and whose certificates are believed."""
        self._is_strict = is_strict
        self._resolve = resolve
        self._total = total.total_seconds()
        self._trusted = trusted or _trusted()

    def post(self, url: str, body: bytes, *, headers: Mapping[str, str]) -> int:
        """Return the status of the answer to a POST, or raise OutboundError; follow nobody."""
        parts = urlsplit(url)
        address, port = self._address(parts)
        path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        sent = {"Host": parts.netloc, "Connection": "close", **headers}
        with self._connected(parts, address, port) as line:
            caller = http.client.HTTPConnection(address, port)
            caller.sock = line
            caller.request("POST", path, body=body, headers=sent)
            return caller.getresponse().status

    def _address(self, parts: SplitResult) -> tuple[str, int]:
        """Return where a call goes: an address that was looked up once, and the port."""
        try:
            port = parts.port or PORTS.get(parts.scheme, 0)
        except ValueError:
            port = 0
        host = parts.hostname or ""
        if not host or not port or (self._is_strict and (parts.scheme, port) != ("https", 443)):
            raise OutboundError(Failure.FORBIDDEN, "Only https at its own port is called.")
        try:
            found = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise OutboundError(Failure.NETWORK, "The name has no address.") from error
        if not found:
            raise OutboundError(Failure.NETWORK, "The name has no address.")
        if self._is_strict and not all(map(is_public, found)):
            raise OutboundError(
                Failure.FORBIDDEN, "The name leads to an address of no public host."
            )
        return found[0], port

    @contextmanager
    def _connected(self, parts: SplitResult, address: str, port: int) -> Iterator[socket.socket]:
        """Open a connection that ends when the time is up, whatever the other side does."""
        lines: list[socket.socket] = []
        is_over = threading.Event()

        def end() -> None:
            is_over.set()
            for line in lines:
                with suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)

        alarm = threading.Timer(self._total, end)
        alarm.daemon = True
        alarm.start()
        try:
            line = socket.create_connection((address, port), timeout=CONNECT.total_seconds())
            lines.append(line)
            line.settimeout(self._total)
            if parts.scheme == "https":
                line = self._trusted.wrap_socket(line, server_hostname=parts.hostname)
                lines.append(line)
            yield line
            if is_over.is_set():
                raise TimeoutError
        except (OSError, http.client.HTTPException, ValueError) as error:
            if is_over.is_set() or isinstance(error, TimeoutError):
                raise OutboundError(Failure.TIMEOUT, "No answer in time: POST.") from error
            detail = f"The line broke: POST, {type(error).__name__}."
            raise OutboundError(Failure.NETWORK, detail) from error
        finally:
            alarm.cancel()
            for line in lines:
                line.close()
