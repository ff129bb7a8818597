"""Access tokens: fetched once, kept until shortly before their end, replaced once when refused."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from datetime import timedelta

from app.carriers import wire
from app.carriers.contract import Answer, CarrierAccess, ErrorClass, unanswered
from app.shared.outbound import Response

# A token must outlive the call it is used for, and clocks differ.
EARLY = timedelta(minutes=5)
UNAUTHORIZED = 401
# Eight batches refused at once need one new token, not eight.
_ONE_AT_A_TIME = threading.Lock()

Fetch = Callable[[], Response]


class NoTokenError(Exception):
    """The carrier gave no token; `answer` says so in a carrier's words."""

    def __init__(self, answer: Answer) -> None:
        """Keep the answer."""
        super().__init__(answer.message)
        self.answer = answer


def authorized(
    access: CarrierAccess, key: str, fetch: Fetch, send: Callable[[str], Response]
) -> Response:
    """Return the answer to a call with a token; one that is refused is replaced once."""
    name = _name(access, key)
    token = access.tokens.get(name) or _fresh(access, name, fetch, refused=None)
    answer = send(token)
    if answer.status != UNAUTHORIZED:
        return answer
    return send(_fresh(access, name, fetch, refused=token))


def _fresh(access: CarrierAccess, name: str, fetch: Fetch, *, refused: str | None) -> str:
    with _ONE_AT_A_TIME:
        kept = access.tokens.get(name)
        if kept and kept != refused:
            return kept
        access.tokens.forget(name)
        token, lives = _granted(fetch())
        if lives > EARLY:
            access.tokens.put(name, token, lives - EARLY)
        return token


def _granted(response: Response) -> tuple[str, timedelta]:
    opened = wire.opened(response.status, response.body)
    if opened.error:
        raise NoTokenError(_refusal(opened.error, response))
    token = wire.text(opened.document, "access_token")
    if not token:
        raise NoTokenError(unanswered(ErrorClass.PARSE_ERROR, "The answer holds no access_token."))
    return token, _lifetime(wire.dig(opened.document, "expires_in"))


def _refusal(error: ErrorClass, response: Response) -> Answer:
    # Whatever a token door finds wrong with us, it is who we are that is wrong.
    final = error in {ErrorClass.BAD_REQUEST, ErrorClass.NOT_FOUND}
    return Answer(
        error=ErrorClass.AUTH if final else error,
        retry_after=wire.retry_after(response.headers),
        message=f"The carrier gave no token: HTTP {response.status}.",
    )


def _lifetime(seconds: object) -> timedelta:
    # Some carriers send the number as text.
    digits = str(seconds)
    known = digits.isdecimal() and len(digits) < len("1000000000")
    return timedelta(seconds=int(digits)) if known else timedelta(0)


def _name(access: CarrierAccess, key: str) -> str:
    # Another address, client or secret is another account: its token must not be mixed up.
    facts = f"{access.base_url}\x1f{access.client_id}\x1f{access.client_secret}"
    return f"{key}:{hashlib.blake2b(facts.encode(), digest_size=12).hexdigest()}"
