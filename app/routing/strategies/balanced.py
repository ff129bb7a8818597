"""Goods, freight, lateness, standing and the customer's patience, as the policy prices them."""

from __future__ import annotations

from app.routing.contract import Weights


class Balanced:
    """Everything counts as it is worth."""

    weights = Weights()


strategy = Balanced()
