from __future__ import annotations

import inspect
from dataclasses import asdict
from pathlib import Path

import pytest
from pydantic import ValidationError

import app
from app.carriers.contract import Carrier
from app.carriers.registry import CARRIERS
from app.intake.contract import Kind, Source
from app.intake.registry import kinds, sources
from app.notifications.contract import Channel
from app.notifications.registry import CHANNELS
from app.notifications.sending import TOGETHER
from app.notifications.texts import TEXTS
from app.policies.documents import KINDS, Escalation, Messages, Routing
from app.routing.contract import Strategy
from app.routing.registry import strategies
from app.shipments.contract import LabelProvider
from app.shipments.registry import PROVIDERS
from config import Config

HERE = Path(app.__file__).parent
SHELVES = {
    "carriers/adapters": (CARRIERS, Carrier, ("read", "track", "tracking_url")),
    "intake/kinds": (kinds(), Kind, ("given", "fill", "check", "take")),
    "intake/sources": (sources(), Source, ("is_ping", "is_genuine", "name", "read")),
    "notifications/channels": (CHANNELS, Channel, ("open",)),
    "routing/strategies": (strategies(), Strategy, ()),
    "shipments/labels": (PROVIDERS, LabelProvider, ("make", "print")),
}


@pytest.mark.parametrize("folder", SHELVES)
def test_every_file_on_a_shelf_is_a_plug_in(folder):
    files = {p.stem for p in (HERE / folder).glob("*.py")} - {"__init__"}

    assert set(SHELVES[folder][0]) == files


@pytest.mark.parametrize(
    ("folder", "name"), [(f, name) for f, (found, *_) in SHELVES.items() for name in found]
)
def test_every_plug_in_keeps_its_contract(folder, name):
    plugins, contract, methods = SHELVES[folder]

    for method in methods:
        promised = inspect.signature(getattr(contract, method))
        kept = inspect.signature(getattr(type(plugins[name]), method))
        assert list(kept.parameters) == list(promised.parameters)


@pytest.mark.parametrize("name", strategies())
def test_every_strategy_weighs_with_numbers_that_are_not_negative(name):
    assert all(weight >= 0 for weight in asdict(strategies()[name].weights).values())


@pytest.mark.parametrize("code", CARRIERS)
def test_every_carrier_has_the_settings_that_carry_its_name(code):
    settings = {name for name in Config.__slots__ if name.startswith(f"{code.upper()}_")}

    assert settings >= {f"{code.upper()}_{what}" for what in ("URL", "CLIENT_ID", "CLIENT_SECRET")}
    assert CARRIERS[code].code == code


@pytest.mark.parametrize("kind", KINDS)
def test_every_policy_ships_with_a_document_that_is_valid(kind):
    shipped = KINDS[kind]()

    assert KINDS[kind].model_validate(shipped.model_dump(mode="json")) == shipped


@pytest.mark.parametrize("kind", KINDS)
def test_a_typing_error_in_a_policy_is_refused(kind):
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        KINDS[kind].model_validate({"late": 1})


def test_the_shipped_strategy_is_on_the_shelf():
    assert Routing().strategy in strategies()


def test_every_message_the_policy_sends_has_its_words():
    shipped = Messages()

    # Mail about somebody's own account is sent whatever a policy says.
    others = {name for name in TEXTS if not name.startswith("account_")}
    # What says many at once is sent where each of them would be.
    assert {*TOGETHER} <= {*shipped.vendor}
    others -= {*TOGETHER.values()}
    assert {*shipped.customer, *shipped.vendor, *shipped.ops} == others
    assert {rung.level for rung in Escalation().rungs} <= set(shipped.addresses)


def test_rungs_that_do_not_climb_are_refused():
    rungs = [{"after_hours": 24, "level": "ops"}, {"after_hours": 0, "level": "ops_lead"}]

    with pytest.raises(ValidationError):
        Escalation.model_validate({"rungs": rungs})


@pytest.mark.parametrize("name", sources())
def test_every_kind_of_shop_says_where_its_orders_are_sent(name):
    assert any("{url}" in step for step in sources()[name].steps)


@pytest.mark.parametrize("name", kinds())
def test_every_kind_of_file_knows_what_names_its_records(name):
    fields = {field.name: field for field in kinds()[name].fields}

    assert set(kinds()[name].named_by) <= set(fields)
    assert any(field.is_needed for field in fields.values())
    assert len(fields) == len(kinds()[name].fields)
