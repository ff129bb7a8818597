from __future__ import annotations

from datetime import time

import pytest

from app.shared.seen import Overtaken, require_unchanged, written

NOW = {"name": "Main", "cut_off": time(15), "ships_to": ["SE", "NO"], "holidays": None}


def test_what_is_as_it_was_seen_may_be_changed():
    require_unchanged("Main", written(NOW), NOW)


def test_what_changed_since_is_named_with_what_it_was_and_is():
    seen = written(NOW | {"cut_off": time(14), "holidays": "SE"})

    with pytest.raises(Overtaken, match=r"Main has changed.*cut off, holidays") as refused:
        require_unchanged("Main", seen, NOW)

    assert refused.value.changes == [
        ("cut_off", "14:00:00", "15:00:00"),
        ("holidays", "SE", None),
    ]


@pytest.mark.parametrize("seen", ["", "{", "[]", "null", "[" * 100_000])
def test_a_form_that_carries_nothing_readable_saw_nothing(seen):
    with pytest.raises(Overtaken, match="Look at it again"):
        require_unchanged("Main", seen, NOW)
