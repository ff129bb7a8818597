from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from carrier_world import SHORT

from app.shared.outbound import Client, Failure, OutboundError, in_flight
from simulator.http import Reply

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"


@contextmanager
def dripping() -> Iterator[str]:
    """Serve one answer a byte every 50 ms, so that no single read is ever long."""
    done = threading.Event()
    door = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        line, _ = door.accept()
        with line:
            line.recv(4096)
            line.sendall(HEAD)
            while not done.wait(0.05):
                line.send(b"x")

    thread = threading.Thread(target=drip)
    thread.start()
    yield f"http://127.0.0.1:{door.getsockname()[1]}/"
    done.set()
    thread.join()
    door.close()


def kind_of(client: Client, url: str) -> Failure:
    with pytest.raises(OutboundError) as caught:
        client.get(url)
    return caught.value.kind


def test_an_answer_comes_whole_with_its_names_in_lower_case(serving):
    answer = Client().get(serving(Reply(201, b"hello", {"X-Word": "Yes"})))

    assert (answer.status, answer.body, answer.headers["x-word"]) == (201, b"hello", "Yes")


def test_a_body_beyond_the_cap_is_not_kept(serving):
    url = serving(Reply(body=b"x" * 2000))

    assert kind_of(Client(largest_body=1999), url) is Failure.TOO_LARGE
    assert len(Client(largest_body=2000).get(url).body) == 2000


def test_an_encoding_nobody_asked_for_is_refused(serving):
    url = serving(Reply(body=b"\x1f\x8b", headers={"Content-Encoding": "gzip"}))

    assert kind_of(Client(), url) is Failure.TOO_LARGE


def test_nobody_is_followed(serving):
    goal = serving(Reply(body=b"secret place"))

    assert kind_of(Client(), serving(Reply(307, headers={"Location": goal}))) is Failure.REDIRECT


def test_silence_has_an_end(serving):
    assert kind_of(Client(read=SHORT), serving(Reply(hold=20))) is Failure.TIMEOUT


def test_a_dripping_body_has_an_end():
    with dripping() as url:
        assert kind_of(Client(total=timedelta(seconds=0.3)), url) is Failure.TIMEOUT


def test_nobody_at_home_is_a_failure_of_the_network():
    assert kind_of(Client(), "http://127.0.0.1:9/") is Failure.NETWORK


def test_a_name_that_is_no_address_is_a_failure_of_the_network():
    assert kind_of(Client(), "nonsense") is Failure.NETWORK


def test_what_a_server_wants_remembered_is_forgotten(serving):
    client = Client()
    client.get(serving(Reply(headers={"Set-Cookie": "who=me"})))

    assert len(client._session().cookies) == 0  # noqa: SLF001 - there is no other sign of a jar


def test_a_proxy_of_the_machine_sees_nothing(serving, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    assert Client().get(serving(Reply(body=b"direct"))).body == b"direct"


def test_many_in_flight_come_back_in_order():
    together = threading.Barrier(4, timeout=5)

    def meet(n: int) -> int:
        together.wait()
        return n * n

    assert in_flight(meet, range(8), workers=4, seconds=9) == [n * n for n in range(8)]


def test_one_that_fails_is_heard():
    with pytest.raises(ZeroDivisionError):
        in_flight(lambda n: 1 // n, [1, 0], seconds=9)
