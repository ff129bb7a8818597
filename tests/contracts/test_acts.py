"""Bulk changes keep their contract: every act of the shelf, whoever put it there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import text

import app
from app.accounts.contract import OPS_ROLES
from app.batches.registry import acts, offered
from app.console.batch_page import PAGES
from app.extensions import db
from app.shared import ids
from app.shared.work import PLATFORM, transaction

ACTS = acts()
SHELF = Path(app.__file__).parent / "batches" / "acts"


def test_every_file_on_the_shelf_has_acts():
    files = {path.stem for path in SHELF.glob("*.py")} - {"__init__"}

    assert {code.partition(".")[0] for code in ACTS} == files


@pytest.mark.parametrize("code", ACTS)
def test_an_act_and_its_undo_are_about_the_same_thing(code):
    act = ACTS[code]

    assert act.code == code
    if act.is_reversible:
        back = ACTS[act.undo]
        assert (back.thing, back.undo) == (act.thing, code)
        assert act.undo_label
        # Whoever may do it may take it back.
        assert act.roles <= back.roles
    else:
        assert act.warning


@pytest.mark.parametrize("code", ACTS)
def test_what_an_act_foresees_it_can_say_in_words(app, code):
    act, thing = ACTS[code], ACTS[code].thing
    with transaction(PLATFORM):
        db.session.execute(
            text(
                f"SELECT {thing.id}, {thing.subject}, {thing.name}, {thing.seen}, {act.foresee}"
                f" FROM {thing.source}"
            ),
            {"maker": ids.new()},
        )

    said = set(re.findall(r"(?:THEN|ELSE) '(\w+)'", act.foresee))
    assert said
    assert said <= set(act.whys)
    assert all(why.sentence.endswith(".") for why in act.whys.values())


@pytest.mark.parametrize("code", ACTS)
def test_an_act_is_for_those_of_ops_who_change_things(code):
    assert ACTS[code].roles <= set(OPS_ROLES) - {"senior_management"}
    assert "{what}" in ACTS[code].ask
    assert "{what}" in ACTS[code].doing


def test_lists_offer_what_a_role_may_do():
    agent = [act.code for act in offered("orders", "ops_agent")]
    lead = [act.code for act in offered("orders", "ops_lead")]

    assert agent == ["orders.review", "orders.clear", "orders.hold", "orders.release"]
    assert lead == [*agent, "orders.cancel"]
    assert offered("orders", "senior_management") == []
    assert set(PAGES) <= {act.thing.nouns[0] for act in ACTS.values()}
