"""The earliest arrival; among equals the cheaper one."""

from __future__ import annotations

from app.routing.contract import Weights


class Fastest:
    """A day outweighs everything else."""

    weights = Weights(late=1_000)


strategy = Fastest()
