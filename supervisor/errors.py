"""What stops a start, in words for the person at the terminal."""


class CannotRunError(Exception):
    """Why the platform cannot run: one sentence with what, which and what to do."""
