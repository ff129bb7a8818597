"""The shelf of channels."""

from __future__ import annotations

from app.notifications.contract import Channel
from app.shared.plugins import modules

CHANNELS: dict[str, Channel] = {
    name: module.channel for name, module in modules("app.notifications.channels").items()
}


def channel(name: str) -> Channel:
    """Return a channel by the name of its file."""
    return CHANNELS[name]
