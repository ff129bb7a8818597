"""The server of the journeys closes what it sends, also when the browser hangs up."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from werkzeug.serving import make_server

from tests.journey.conftest import Silent

# Closing with this sends no farewell: what the other side reads next is an error.
AT_ONCE = struct.pack("ii", 1, 0)


class Answer:
    """An answer in two parts, the second after the browser has gone."""

    def __init__(self) -> None:
        self.is_gone, self.is_closed = threading.Event(), threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        yield b"the first part"
        assert self.is_gone.wait(10)

    def close(self) -> None:
        self.is_closed.set()


def test_an_answer_is_closed_when_the_browser_hangs_up() -> None:
    answer = Answer()

    def app(_environ: Any, start_response: Any) -> Answer:
        start_response("200 OK", [("Content-Length", "28")])
        return answer

    with ExitStack() as closing:
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
        closing.callback(server.server_close)
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        closing.callback(serving.join)
        closing.callback(server.shutdown)
        with socket.create_connection(("127.0.0.1", server.server_port)) as browser:
            browser.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert browser.recv(10)
            browser.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        answer.is_gone.set()

        assert answer.is_closed.wait(10)
