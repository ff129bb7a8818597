"""What can go wrong, each with the sentence that says what to do next."""

from __future__ import annotations

from app.shared.language import _, _n


class DomainError(Exception):
    """A refusal that a person can act on; the faces turn it into a page or problem+json."""

    status = 400
    title = "Not possible"
    # where a person goes on from here: an address of ours and what the button says
    step: tuple[str, str] | None = None

    def __init__(self, detail: str, /, **fields: str) -> None:
        """Keep the sentence and, for bad input, the sentence of each wrong field."""
        super().__init__(detail)
        self.detail = detail
        self.fields = fields


class NotFound(DomainError):
    """Nothing of that name exists for whoever asks."""

    status = 404
    title = "Not found"


class NotAllowed(DomainError):
    """Whoever asks may not do this."""

    status = 403
    title = "Not allowed"


class Conflict(DomainError):
    """It contradicts what is already so."""

    status = 409
    title = "Conflict"


class IllegalMove(Conflict):
    """The state does not know this move."""

    title = "Not possible in this state"


class InvalidInput(DomainError):
    """What was sent is wrong; fields says where."""

    status = 422
    title = "Invalid input"


# A longer wait is told in minutes.
SHORT_WAIT = 90


class TooMany(DomainError):
    """Somebody goes too fast; `seconds` says when they may go on."""

    status = 429
    title = "Too many tries"

    def __init__(self, detail: str, /, *, seconds: int) -> None:
        """Keep the wait and say it."""
        minutes = -(-seconds // 60)
        wait = _n("{n} minute", "{n} minutes", minutes)
        if seconds <= SHORT_WAIT:
            wait = _("{n} s", n=seconds)
        super().__init__(_("{what} Wait {wait}, then try again.", what=_(detail), wait=wait))
        self.seconds = seconds
