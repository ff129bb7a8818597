"""The platform as programs outside see it: its API, whose silence and refusals are survived."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

import requests

logger = logging.getLogger(__name__)
Document = dict[str, Any]
# Short: what is not answered now is said again in the next round.
TIMEOUT = (1.0, 5.0)
# Another hand was quicker, or the thing is gone: everyday refusals nobody has to read of.
EVERYDAY = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT})
QUIET_SECONDS = 60.0


class Answer(NamedTuple):
    """What came back; a refusal is an answer too."""

    status: int
    body: Document


class Complaints:
    """Says what is wrong, once a minute for each kind of it."""

    def __init__(self, *, machine: Callable[[], float] = time.monotonic) -> None:
        """Nothing has been said yet."""
        self._machine = machine
        self._said: dict[str, float] = {}
        self.is_silent = False

    def about(self, kind: str, detail: str) -> None:
        """Say it unless the same kind was said within the minute."""
        now = self._machine()
        if self.is_silent or now - self._said.get(kind, -QUIET_SECONDS) < QUIET_SECONDS:
            return
        self._said[kind] = now
        logger.warning("%s: %s", kind, detail)


class Onward:
    """Asks and tells the platform with the marketplace's key."""

    def __init__(self, url: str, key: str, complaints: Complaints) -> None:
        """Know where and as whom; nothing is asked yet."""
        self._url = f"{url.rstrip('/')}/api/v1"
        self._complaints = complaints
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {key}"

    def get(self, path: str, **words: str) -> Document | None:
        """Return a document, an empty one where it is refused; None: ask again."""
        answer = self._send("GET", path, words=words)
        if answer is None:
            return None
        return answer.body if answer.status == HTTPStatus.OK else {}

    def post(self, path: str, body: Document, *, key: str | None = None) -> Answer | None:
        """Return the answer; None: nobody knows whether it was heard, so say it again."""
        return self._send("POST", path, body=body, headers={"Idempotency-Key": key} if key else {})

    def _send(
        self,
        method: str,
        path: str,
        *,
        words: Mapping[str, str] | None = None,
        body: Document | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer | None:
        try:
            told = self._session.request(
                method,
                f"{self._url}{path}",
                params=words,
                json=body,
                headers=headers,
                timeout=TIMEOUT,
                allow_redirects=False,
            )
            return self._weigh(Answer(told.status_code, _document(told)), f"{method} {path}")
        except requests.RequestException as error:
            self._complaints.about("no answer", f"{method} {path}, {type(error).__name__}")
            return None

    def _weigh(self, answer: Answer, what: str) -> Answer | None:
        if answer.status < HTTPStatus.BAD_REQUEST:
            return answer
        if answer.status not in EVERYDAY:
            detail = f"{what}, {answer.body.get('detail', '')}"
            self._complaints.about(f"answer {answer.status}", detail)
        # Overloaded or broken: it may work the next time.
        later = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT}
        is_final = answer.status < HTTPStatus.INTERNAL_SERVER_ERROR and answer.status not in later
        return answer if is_final else None


def _document(told: requests.Response) -> Document:
    try:
        document = told.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
