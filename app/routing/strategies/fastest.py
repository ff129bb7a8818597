"""The earliest arrival; among equals the cheaper one."""

from __future__ import annotations

from app.routing.contract import Weights


class Fastest:
    """A day outweighs everything else, also one before the promised."""

    weights = Weights(late=1_000, is_hasty=True)


strategy = Fastest()
