"""Recorded answers beside what they must be read as; null where the recording does not say."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from app.carriers.contract import Answer
from app.carriers.queries import describe
from app.carriers.registry import carrier

OWN = Path(__file__).parent / "fixtures"


@dataclass(frozen=True, slots=True)
class Recording:
    carrier: str
    name: str
    body: bytes
    expected: dict[str, object]

    def __str__(self) -> str:
        return f"{self.carrier}-{self.name}"


def recordings(folder: Path) -> list[Recording]:
    return [
        Recording(
            path.parent.name,
            path.name.removesuffix(".expected.json"),
            path.with_name(path.name.replace(".expected", "")).read_bytes(),
            json.loads(path.read_text()),
        )
        for path in sorted(folder.glob("*/*.expected.json"))
    ]


def answer(recording: Recording) -> Answer:
    expected = recording.expected
    push = bool(expected.get("push")) or expected.get("kind") == "webhook"
    return carrier(recording.carrier).read(
        int(str(expected.get("http_status") or 200)),
        dict(expected.get("http_headers") or {}),
        recording.body,
        push=push,
    )


def shown(recording: Recording) -> dict[str, object]:
    words: dict[str, object] = json.loads(json.dumps(describe(answer(recording))))
    return words


def differences(expected: dict[str, object], told: dict[str, object]) -> dict[str, object]:
    """Return what was told otherwise than expected; words the reading does not have are notes."""
    wrong = {
        name: (told[name], value)
        for name, value in expected.items()
        if name in told and name not in {"results", "eta_kind"} and told[name] != value
    }
    fair = expected.get("unified_status_accept") or []
    return {n: v for n, v in wrong.items() if n != "unified_status" or v[0] not in fair}
