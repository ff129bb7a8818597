"""The least money for goods and freight, however late and in however many parcels."""

from __future__ import annotations

from app.routing.contract import Weights


class Cheapest:
    """Only money counts."""

    weights = Weights(late=0, standing=0, split=0)


strategy = Cheapest()
