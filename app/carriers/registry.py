"""The carriers on the shelf, by code."""

from __future__ import annotations

from app.carriers.contract import Carrier
from app.shared import plugins
from app.shared.errors import NotFound

CARRIERS: dict[str, Carrier] = {
    module.CARRIER.code: module.CARRIER
    for module in plugins.modules("app.carriers.adapters").values()
}


def carrier(code: str) -> Carrier:
    """Return the carrier of a code."""
    if code not in CARRIERS:
        known = ", ".join(sorted(CARRIERS))
        detail = f"No carrier is called {code!r}. Known carriers: {known}."
        raise NotFound(detail)
    return CARRIERS[code]
