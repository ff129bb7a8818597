"""The guarded HTTP client: bounded in time and size, and it follows nobody."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from http.cookiejar import DefaultCookiePolicy
from typing import TypeVar

import requests
import urllib3

CONNECT = timedelta(seconds=3)
# The longest silence of an answer that is under way.
READ = timedelta(seconds=10)
# A body that drips keeps every single read short, so the whole has an end of its own.
TOTAL = timedelta(seconds=15)
# A batch of thirty parcels is some 300 KiB; a thousand times a normal answer is an attack.
LARGEST_BODY = 4 * 1024 * 1024
CHUNK = 64 * 1024
# A party that is asked for no encoding and sends one all the same may be sending a bomb.
PLAIN = {"Accept-Encoding": "identity"}

Item = TypeVar("Item")
Result = TypeVar("Result")


class Failure(StrEnum):
    """Why there is no answer."""

    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"
    NETWORK = "network"
    REDIRECT = "redirect"
    FORBIDDEN = "forbidden"


class OutboundError(Exception):
    """There is no answer to work with; `kind` says why."""

    def __init__(self, kind: Failure, detail: str) -> None:
        """Keep the kind and the sentence."""
        super().__init__(detail)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Client:
    """Sends requests from any thread, over one pooled session a thread."""

    def __init__(
        self,
        *,
        connect: timedelta = CONNECT,
        read: timedelta = READ,
        total: timedelta = TOTAL,
        largest_body: int = LARGEST_BODY,
    ) -> None:
        """Keep the bounds."""
        self._timeout = (connect.total_seconds(), read.total_seconds())
        self._total = total.total_seconds()
        self._largest = largest_body
        self._mine = threading.local()

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> Response:
        """Return the answer to a GET."""
        return self.send("GET", url, headers=headers)

    def post(self, url: str, body: bytes, *, headers: Mapping[str, str] | None = None) -> Response:
        """Return the answer to a POST."""
        return self.send("POST", url, body=body, headers=headers)

    def send(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Return the whole answer, or raise OutboundError; never follow where it points."""
        ends_at = time.monotonic() + self._total
        with self._open(method, url, body, {**PLAIN, **(headers or {})}) as answer:
            _refuse_redirect(answer)
            _refuse_encoding(answer)
            content = b"".join(self._bounded(answer, ends_at))
            names = {name.lower(): value for name, value in answer.headers.items()}
            return Response(answer.status_code, names, content)

    @contextmanager
    def _open(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Iterator[requests.Response]:
        # The timeouts bound each single read and the deadline bounds the body. Headers that drip
        # are bounded by neither: they are read inside http.client, and only the job's alarm ends
        # them.
        try:
            with self._session().request(
                method,
                url,
                data=body,
                headers=dict(headers),
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as answer:
                yield answer
        except (requests.Timeout, urllib3.exceptions.TimeoutError) as error:
            raise OutboundError(Failure.TIMEOUT, f"No answer in time: {method}.") from error
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            detail = f"The line broke: {method}, {type(error).__name__}."
            raise OutboundError(Failure.NETWORK, detail) from error

    def _bounded(self, answer: requests.Response, ends_at: float) -> Iterator[bytes]:
        size = 0
        # read1 returns what one read brought; read would wait until the chunk is full.
        while chunk := answer.raw.read1(CHUNK, decode_content=False):
            size += len(chunk)
            if size > self._largest:
                raise OutboundError(Failure.TOO_LARGE, f"The body is over {self._largest} bytes.")
            if time.monotonic() > ends_at:
                raise OutboundError(Failure.TIMEOUT, f"The body took over {self._total} s.")
            yield chunk

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._mine, "session", None)
        if session is None:
            session = self._mine.session = _new_session()
        return session


def in_flight(
    work: Callable[[Item], Result], items: Iterable[Item], *, workers: int = 8, seconds: float
) -> list[Result | None]:
    """Return the result of each item in order, up to `workers` at once; None if out of time."""
    ends_at = time.monotonic() + seconds
    pool = ThreadPoolExecutor(workers, thread_name_prefix="outbound")
    try:
        waiting = [pool.submit(work, item) for item in items]
        wait(waiting, timeout=ends_at - time.monotonic())
        return [future.result() if future.done() else None for future in waiting]
    finally:
        # The job's alarm lands here; waiting for a thread that hangs would undo it.
        pool.shutdown(wait=False, cancel_futures=True)


def _new_session() -> requests.Session:
    session = requests.Session()
    # A proxy or a netrc of the machine must neither see nor change what we send.
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session


def _refuse_redirect(answer: requests.Response) -> None:
    if answer.is_redirect:
        detail = f"The answer {answer.status_code} points elsewhere; our keys stay here."
        raise OutboundError(Failure.REDIRECT, detail)


def _refuse_encoding(answer: requests.Response) -> None:
    encoding = answer.headers.get("Content-Encoding", "identity")
    if encoding.lower() != "identity":
        raise OutboundError(Failure.TOO_LARGE, f"The body is packed with {encoding}, unasked.")
