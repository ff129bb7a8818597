"""The outside world's web server: a table of handlers, light and fast, on loopback only."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

# Above anything the platform sends; a larger body is not read at all.
LARGEST_BODY = 1024 * 1024
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Request:
    """What a handler sees; `rest` is the path behind the handler's prefix."""

    method: str
    path: str
    rest: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """What a handler answers; `hold` keeps it back for some seconds, or until the server ends."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    hold: float = 0.0


Handler = Callable[[Request], Reply]


class Router:
    """Finds the handler of a method and the longest fitting prefix of a path."""

    def __init__(self) -> None:
        """Know /healthz and nothing else."""
        self._handlers: list[tuple[str, str, Handler]] = []
        self.add("GET", "/healthz", lambda _: Reply(body=b"ok\n", headers=plain()))

    def add(self, method: str, prefix: str, handler: Handler) -> None:
        """Answer a method under a prefix with a handler."""
        self._handlers.append((method, prefix, handler))
        self._handlers.sort(key=lambda entry: -len(entry[1]))

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Return the reply to one request."""
        raw_path, _, query = target.partition("?")
        path = unquote(raw_path)
        for known, prefix, handler in self._handlers:
            if known == method and (path == prefix or path.startswith(prefix.rstrip("/") + "/")):
                rest = path.removeprefix(prefix).strip("/")
                return handler(Request(method, path, rest, query, headers, body))
        return Reply(HTTPStatus.NOT_FOUND, b"Nothing here.\n", plain())


def plain() -> dict[str, str]:
    """Return the header of plain text."""
    return {"Content-Type": "text/plain; charset=utf-8"}


class Served:
    """A server that runs in its own thread until it is closed."""

    def __init__(self, router: Router, port: int) -> None:
        """Start serving; port 0 takes a free one."""
        self._stopping = threading.Event()
        self._server = _Server((LOOPBACK, port), _Answering)
        self._server.router = router
        self._server.stopping = self._stopping
        self.url = f"http://{LOOPBACK}:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.daemon = True
        self._thread.start()

    def close(self) -> None:
        """Stop serving and let go of whoever is kept waiting."""
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A closing server must not wait for a client that keeps its connection open.
    block_on_close = False
    request_queue_size = 128
    router: Router
    stopping: threading.Event


class _Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without it, a small answer waits some 40 ms for the client's acknowledgment.
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def handle_one_request(self) -> None:
        """Answer once; a client that went away is no error here."""
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing: a line a request would drown the platform's own log."""

    def _reply(self) -> None:
        size = self.headers.get("Content-Length", "0")
        if not size.isdecimal() or int(size) > LARGEST_BODY:
            self.close_connection = True
            self._send(Reply(HTTPStatus.REQUEST_ENTITY_TOO_LARGE))
            return
        names = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(size))
        self._send(self.server.router.answer(self.command, self.path, names, body))

    def _send(self, reply: Reply) -> None:
        if reply.hold:
            self.server.stopping.wait(reply.hold)
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)
        self.wfile.flush()

    # http.server finds a method by its name.
    do_GET = do_POST = do_PUT = do_DELETE = _reply  # noqa: N815
