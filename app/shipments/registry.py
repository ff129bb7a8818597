"""The shelf of label providers."""

from __future__ import annotations

from app.shared.errors import InvalidInput
from app.shared.language import _
from app.shared.plugins import modules
from app.shipments.contract import LabelProvider

PROVIDERS: dict[str, LabelProvider] = {
    name: module.provider for name, module in modules("app.shipments.labels").items()
}


def provider(name: str) -> LabelProvider:
    """Return a provider by the name of its file."""
    if name not in PROVIDERS:
        known = ", ".join(sorted(PROVIDERS))
        sentence = _(
            "Nobody called {name} makes labels; there are {known}.", name=name, known=known
        )
        raise InvalidInput(sentence, provider=sentence)
    return PROVIDERS[name]
