"""The data folder: who holds it, and files that are never half written."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from supervisor.errors import CannotRunError

# Others may pass through (PostgreSQL runs as another account under root), never look around.
PASSABLE = 0o711


def make_folder(folder: Path, mode: int = PASSABLE) -> Path:
    """Return the folder, made with this mode if it is new and left as it is if it is not."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        folder.chmod(mode)
    return folder


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Hold the data folder for this process; the kernel lets go of it however the process ends."""
    with (folder / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotRunError(
                f"Onward is already running on {folder}; stop it first, "
                f"or choose another folder with --data and another --port."
            ) from None
        yield


def read_json(path: Path) -> dict[str, Any]:
    """Return what the file holds, nothing when there is no file."""
    try:
        return dict(json.loads(path.read_text()))
    except FileNotFoundError:
        return {}
    except ValueError:
        raise CannotRunError(f"{path} cannot be read as JSON; restore it or remove it.") from None


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Replace the file in one step, readable by its owner alone."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
