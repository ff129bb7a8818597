from __future__ import annotations

import os
from pathlib import Path

import pytest
from carrier_recordings import OWN, Recording, answer, differences, recordings, shown

from app.carriers.registry import CARRIERS

SHARED = Path(os.environ.get("ONWARD_SHARED") or Path(__file__).parents[2].parent / "shared")
SAMPLES = recordings(SHARED / "data" / "carrier-samples")
ABSENT = pytest.param(None, marks=pytest.mark.skip(reason=f"no carrier samples under {SHARED}"))
READABLE = [sample for sample in SAMPLES if sample.carrier in CARRIERS] or [ABSENT]


@pytest.mark.parametrize("recording", recordings(OWN), ids=str)
def test_an_invented_answer_is_read_as_written_beside_it(recording: Recording):
    told = shown(recording)

    assert differences(recording.expected, told) == {}
    assert _wrong_results(recording, told) == []
    assert recording.expected.get("eta_kind") in {None, told["eta_kind"]}


@pytest.mark.parametrize("recording", READABLE, ids=str)
def test_a_real_answer_is_read_as_it_must_be(recording: Recording):
    said = {name: value for name, value in recording.expected.items() if value is not None}
    told = shown(recording)

    assert differences(said, told) == {}
    assert _wrong_results(recording, told) == []


def test_a_spent_day_is_told_from_a_spent_moment():
    told = {r.name: answer(r) for r in recordings(OWN)}

    assert (told["day_spent"].daily_quota, told["day_spent"].retry_after) == (True, None)
    assert told["window_spent"].daily_quota is False
    assert told["window_spent"].retry_after.total_seconds() == 7


def _wrong_results(recording: Recording, told: dict[str, object]) -> list[object]:
    expected = recording.expected.get("results") or []
    results = told.get("results") or []
    assert len(results) >= len(expected)
    return [wrong for e, t in zip(expected, results, strict=False) if (wrong := differences(e, t))]
