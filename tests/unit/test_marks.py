"""The smallest marks: whatever they are given, they say it and never run it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.shared.language import ACCENTED, spoken
from app.web import looks, marks
from app.web.deadlines import Deadline

EVIL = "<script>alert(1)</script>\"'>&"
MOMENT = datetime(2026, 11, 23, 9, tzinfo=UTC)
TAG = re.compile(r"<(/?)(\w+)")
OURS = {"svg", "use", "span", "time", "small", "b", "progress"}


@pytest.fixture(autouse=True)
def page(made):
    with made.test_request_context():
        yield


def every_mark(word: str) -> list[str]:
    looks = {word: (word, word, word)}
    deadline = Deadline(word, word, word, word, 5, MOMENT)
    return [
        marks.icon(word),
        marks.status(word, word, word),
        marks.status(word, word, word, True),
        marks.from_table(looks, word),
        marks.from_table({}, word),
        marks.of_table(looks)(word, True),
        marks.due(deadline),
        marks.due(None, word),
        marks.money(100, word[:3] or "EUR"),
    ]


def test_what_is_given_is_escaped() -> None:
    for mark in every_mark(EVIL):
        assert "<script" not in mark
        assert {name for _, name in TAG.findall(mark)} <= OURS


@given(some.text(max_size=12))
def test_no_word_opens_a_tag_or_leaves_its_quotes(word: str) -> None:
    for mark in every_mark(word):
        # Between our own tags no angle stands bare, and quotes pair up.
        bare = re.sub(r"<[^<>]*>", "", mark)
        assert "<" not in bare
        assert ">" not in bare
        assert {name for _, name in TAG.findall(mark)} <= OURS


def test_an_unknown_word_is_plain() -> None:
    assert "Brand new" in marks.from_table({}, "brand_new")
    assert "#i-circle" in marks.from_table({}, "brand_new")


def test_a_late_deadline_has_an_empty_fuse_and_a_met_one_none() -> None:
    late = marks.due(Deadline("late", "2 h", "late", "ship by", None, MOMENT))
    met = marks.due(Deadline("met", "2 h", "early", "ship by", 40))

    assert 'value="100" aria-label="No time left"' in late
    assert "progress" not in met
    assert f'data-due="{MOMENT.isoformat()}"' in late


def test_a_mark_is_said_in_the_language_of_whoever_reads_it_last() -> None:
    drawn = [
        lambda: marks.order_status("on_hold"),
        lambda: marks.severity("critical"),
        lambda: marks.exception_kind("lost", "critical"),
        lambda: marks.shipment_status("in_transit", "weather"),
        lambda: marks.due(None),
        lambda: marks.from_table({}, "brand_new"),
    ]
    for mark in drawn:
        english = mark()
        with spoken(ACCENTED):
            assert "⟦" in mark()
        assert mark() == english


def test_a_text_keeps_its_marks_and_everything_else_is_escaped() -> None:
    said = marks.rich("Signed by {who} & {others}", who=marks.bdi(EVIL), others=EVIL)

    assert "<script" not in said
    assert said.startswith("Signed by <bdi>&lt;script&gt;")
    assert "</bdi> &amp; &lt;script&gt;" in said


@pytest.mark.parametrize("delay", [*looks.DELAYS, "brand_new"])
def test_a_delay_stands_beside_a_parcel_that_is_under_way_and_beside_no_other(delay: str) -> None:
    assert ", " in marks.shipment_status("in_transit", delay)
    assert marks.shipment_status("lost", delay) == marks.shipment_status("lost")
