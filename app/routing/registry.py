"""The shelf of strategies."""

from __future__ import annotations

from functools import cache

from app.routing.contract import Strategy
from app.shared.errors import InvalidInput
from app.shared.plugins import modules


@cache
def strategies() -> dict[str, Strategy]:
    """Return every strategy by the name of its file."""
    return {k: m.strategy for k, m in modules("app.routing.strategies").items()}


def strategy(name: str) -> Strategy:
    """Return a strategy by name."""
    if name not in strategies():
        known = ", ".join(strategies())
        raise InvalidInput(f"No routing strategy '{name}'.", strategy=f"one of {known}")
    return strategies()[name]
