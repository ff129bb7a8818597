"""Shelves: a folder in which dropping one file adds one plug-in."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType


def modules(folder: str) -> dict[str, ModuleType]:
    """Return every module of a package folder by its name, in the order of names."""
    package = importlib.import_module(folder)
    found = sorted(info.name for info in pkgutil.iter_modules(package.__path__))
    return {name: importlib.import_module(f"{folder}.{name}") for name in found}
