"""Vendors' webhooks: what vendors are told, their programs are told; signed, once, and guarded."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from standardwebhooks import Webhook, WebhookVerificationError

from app.accounts.sessions import actor_of
from app.audit.contract import Actor
from app.extensions import valkey
from app.notices.contract import Notice
from app.notices.service import tell
from app.orders.contract import Action
from app.orders.service import act, cancel
from app.shared import clock, signed
from app.shared.errors import Conflict, IllegalMove, NotFound
from app.shared.pinned import Pinned
from app.shared.work import OPS, PLATFORM, transaction, vendor_scope
from app.webhooks import rules, service
from app.webhooks.contract import EVENTS, MOST_ENDPOINTS
from app.webhooks.sending import send_due
from scheduler.schedule import SCHEDULE
from simulator.http import Reply, Request, Router, Served
from tests.conftest import Sql
from tests.factories import (
    ACTOR,
    line,
    make_vendor_with_stock,
    one,
    references,
    routed_order,
    rows,
    run,
    run_jobs,
)
from tests.flow.conftest import Died
from tests.people import make_person, person_of

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
STATE = "SELECT status, attempts, answered, last_error FROM webhook_deliveries ORDER BY made_at, id"


@dataclass
class Program:
    """A vendor's program: a real server on loopback that answers as it is told to."""

    url: str = ""
    answers: list[Reply] = field(default_factory=list)
    heard: list[Request] = field(default_factory=list)

    def answer(self, request: Request) -> Reply:
        self.heard.append(request)
        return self.answers.pop(0) if self.answers else Reply(204)

    @property
    def events(self) -> list[Any]:
        return [json.loads(request.body) for request in self.heard]

    @property
    def names(self) -> list[str]:
        return [header(request, "webhook-id") for request in self.heard]


def header(request: Request, name: str) -> str:
    return {key.lower(): value for key, value in request.headers.items()}[name]


@pytest.fixture
def program() -> Iterator[Program]:
    listening, router = Program(), Router()
    router.add("POST", "/onward", listening.answer)
    served = Served(router, 0)
    listening.url = f"{served.url}/onward"
    yield listening
    served.close()


@pytest.fixture
def kiln(app: Flask) -> UUID:
    return make_vendor_with_stock("kiln", {"MUG": 100})


@pytest.fixture
def owner(kiln: UUID) -> Actor:
    return actor_of(person_of(make_person("vendor_owner", "Ada Owner", vendor=kiln)))


Add = Callable[..., tuple[UUID, str]]


@pytest.fixture
def add(owner: Actor, kiln: UUID, program: Program) -> Add:
    """Add a webhook of kiln's to the program: add() -> its key and secret."""

    def make(url: str = "", kinds: Sequence[str] = tuple(EVENTS)) -> tuple[UUID, str]:
        with transaction(vendor_scope(kiln)):
            return service.add(kiln, url or program.url, kinds, owner)

    return make


def deliver() -> int:
    return run_jobs("feed_webhooks", "send_webhooks")


def states() -> list[Any]:
    return [tuple(row) for row in rows(STATE)]


def later(sql: Sql, by: timedelta) -> None:
    """Let time pass for what waits, and for what it is told by."""
    sql("UPDATE webhook_deliveries SET due_at = due_at - %s, made_at = made_at - %s", by, by)


def verified(request: Request, secret: str) -> Any:
    """Return what a program reads of a delivery, as the reference library verifies it."""
    return Webhook(secret).verify(request.body, dict(request.headers))


# What is told, and how --------------------------------------------------------------------------


def test_new_work_is_told_whole_and_signed_as_standard_webhooks_wants(
    app: Flask, add: Add, program: Program
) -> None:
    _, secret = add()
    (reference,) = references(
        routed_order("A-1", [line("MUG", 2)], preferences={"gift_wrap": True})
    )

    assert deliver() == 2

    (request,) = program.heard
    event = verified(request, secret)
    about = event["data"]["fulfillment_order"]
    assert (event["type"], about["id"], about["status"]) == (
        "fulfillment_order.assigned",
        reference,
        "assigned",
    )
    assert about["lines"][0]["ordered"] == 2
    assert (about["ship_to"]["city"], about["preferences"]["gift_wrap"]) == ("Malmö", True)
    assert UUID(header(request, "webhook-id"))
    assert states() == [("sent", 1, 204, None)]
    with pytest.raises(WebhookVerificationError):
        verified(request, rules.secret_of(b"x" * 32))


def test_where_to_lies_in_no_delivery(add: Add) -> None:
    add()
    routed_order("A-1")
    run("feed_webhooks")

    assert one("SELECT body FROM webhook_deliveries").body == {}


def test_everything_a_vendor_is_told_of_its_work_is_an_event(
    app: Flask, add: Add, program: Program
) -> None:
    add()
    key = routed_order("A-1", [line("MUG", 2)])
    (reference,) = references(key)
    deliver()
    for action in (Action.HOLD, Action.RELEASE):
        with transaction(OPS) as now:
            act([reference], action, actor=ACTOR, now=now, reason="a doubt")
        deliver()
    for units in ({"1": 1}, None):
        with transaction(OPS) as now:
            cancel(key, units, actor=ACTOR, reason="asked", now=now)
        deliver()

    told = [(e["type"], e["data"].get("reason"), e["data"].get("changed")) for e in program.events]
    assert told == [
        ("fulfillment_order.assigned", None, None),
        ("fulfillment_order.held", "a doubt", None),
        ("fulfillment_order.changed", None, "units"),
        ("fulfillment_order.canceled", None, "units"),
    ]
    assert program.events[-1]["data"]["fulfillment_order"]["ship_to"] is None


def test_an_endpoint_hears_only_what_it_asked_for_and_only_of_its_own_vendor(
    app: Flask, add: Add, program: Program
) -> None:
    add(kinds=["fulfillment_order.held"])
    make_vendor_with_stock("fjord", {"LAMP": 10})
    (theirs,) = references(routed_order("F-1", [line("LAMP", 1)]))
    (mine,) = references(routed_order("A-1"))
    with transaction(OPS) as now:
        act([theirs, mine], Action.HOLD, actor=ACTOR, now=now, reason="a doubt")

    deliver()

    assert [e["data"]["fulfillment_order"]["id"] for e in program.events] == [mine]


def test_what_was_told_before_an_endpoint_was_there_is_not_for_it(
    app: Flask, add: Add, program: Program
) -> None:
    routed_order("A-1")
    add()

    assert deliver() == 0
    assert program.heard == []


# Once, whatever happens -------------------------------------------------------------------------


def test_looking_twice_tells_once_also_without_a_bell_and_with_valkey_emptied(
    app: Flask, add: Add, program: Program
) -> None:
    add()
    routed_order("A-1")
    valkey.client.flushall()

    assert (run("feed_webhooks"), run("feed_webhooks")) == (1, 0)
    assert (run("send_webhooks"), run("send_webhooks")) == (1, 0)

    assert len(program.heard) == 1
    assert "feed_webhooks" in {every.job for every in SCHEDULE}


def test_a_notice_of_a_transaction_that_was_still_open_is_found_later(
    app: Flask, add: Add, kiln: UUID, program: Program, sql: Sql
) -> None:
    add()
    (reference,) = references(routed_order("A-1"))
    deliver()
    sql(
        "UPDATE webhook_endpoints SET listens_since = now() - interval '1 hour', told_until = now()"
    )
    with transaction(OPS):
        once = f"work_held:{reference}:late"
        tell([Notice(f"vendor:{kiln}", "work_held", reference, once, {"reason": "x"})])
    sql("UPDATE notices SET at = at - interval '4 minutes' WHERE kind = 'work_held'")

    deliver()
    deliver()

    assert [e["type"] for e in program.events] == [
        "fulfillment_order.assigned",
        "fulfillment_order.held",
    ]


def test_a_worker_that_dies_before_the_call_has_it_sent_when_its_lease_is_over(
    app: Flask, add: Add, program: Program, die_at: Callable[[str], None], sql: Sql
) -> None:
    add()
    routed_order("A-1")
    run("feed_webhooks")
    die_at("before the webhook leaves")
    with pytest.raises(Died):
        run("send_webhooks")
    assert run("send_webhooks") == 0

    sql("UPDATE webhook_deliveries SET leased_until = now() - interval '1 second'")
    run("send_webhooks")

    assert (len(program.heard), states()) == (1, [("sent", 2, 204, None)])


def test_a_worker_that_dies_after_the_call_sends_it_again_under_the_same_name(
    app: Flask, add: Add, program: Program, die_at: Callable[[str], None], sql: Sql
) -> None:
    add()
    routed_order("A-1")
    run("feed_webhooks")
    die_at("after the webhook left")
    with pytest.raises(Died):
        run("send_webhooks")

    sql("UPDATE webhook_deliveries SET leased_until = now() - interval '1 second'")
    run("send_webhooks")

    assert len(program.heard) == 2
    assert len(set(program.names)) == 1


def test_an_outcome_of_a_lease_that_was_lost_has_no_effect(
    app: Flask, add: Add, program: Program, sql: Sql
) -> None:
    add()
    routed_order("A-1")
    run("feed_webhooks")

    def stolen(request: Request) -> Reply:
        sql("UPDATE webhook_deliveries SET lease_token = gen_random_uuid()")
        return Reply(500)

    router = Router()
    router.add("POST", "/onward", stolen)
    served = Served(router, 0)
    sql("UPDATE webhook_endpoints SET url = %s", f"{served.url}/onward")
    run("send_webhooks")
    served.close()

    assert states() == [("queued", 1, None, None)]


# Again, later and later, and the end ------------------------------------------------------------


def test_a_program_that_fails_is_tried_again_later_and_later(
    app: Flask, add: Add, program: Program, sql: Sql
) -> None:
    add()
    routed_order("A-1")
    waits = []
    for _ in range(3):
        program.answers = [Reply(500)]
        before = clock.machine_now()
        deliver()
        waits.append(round((one("SELECT due_at FROM webhook_deliveries").due_at - before) / SECOND))
        later(sql, DAY)
    deliver()

    assert [
        rough in {wait, wait + 1} for rough, wait in zip(waits, (5, 300, 1800), strict=True)
    ] == [True] * 3
    assert states() == [("sent", 4, 204, None)]
    assert len(set(program.names)) == 1


def test_a_redirect_is_followed_by_nobody(app: Flask, add: Add, program: Program) -> None:
    goal = Program()
    router = Router()
    router.add("POST", "/inside", goal.answer)
    served = Served(router, 0)
    program.answers = [Reply(302, headers={"Location": f"{served.url}/inside"})]
    add()
    routed_order("A-1")

    deliver()
    served.close()

    assert goal.heard == []
    assert states() == [("queued", 1, 302, None)]


def test_after_days_of_failure_the_endpoint_is_stopped_and_its_owner_is_told(
    app: Flask, add: Add, program: Program, sql: Sql
) -> None:
    add()
    routed_order("A-1")
    routed_order("A-2")
    run("feed_webhooks")
    program.answers = [Reply(503)] * 20
    sql("UPDATE webhook_deliveries SET attempts = 9")

    run("send_webhooks")

    assert [state[:3] for state in states()] == [("failed", 10, 503)] * 2
    endpoint = one("SELECT is_active, stopped_because FROM webhook_endpoints")
    assert endpoint == (False, "failing")
    ((audience, facts),) = sql("SELECT audience, facts FROM notices WHERE kind = 'webhook_stopped'")
    assert (audience.startswith("vendor:"), facts) == (True, {"host": "127.0.0.1"})


def test_an_endpoint_at_which_something_arrived_meanwhile_goes_on(
    app: Flask, add: Add, program: Program, sql: Sql
) -> None:
    add()
    routed_order("A-1")
    run("feed_webhooks")
    sql(
        "UPDATE webhook_deliveries SET attempts = 9, made_at = made_at - interval '3 days',"
        " due_at = due_at + interval '1 hour'"
    )
    routed_order("A-2")
    deliver()
    sql("UPDATE webhook_deliveries SET due_at = due_at - interval '1 hour'")
    program.answers = [Reply(503)]

    deliver()

    assert [state[0] for state in states()] == ["failed", "sent"]
    assert one("SELECT is_active FROM webhook_endpoints").is_active is True


def test_gone_means_stop(app: Flask, add: Add, program: Program) -> None:
    add()
    routed_order("A-1")
    program.answers = [Reply(410)]
    deliver()
    routed_order("A-2")

    deliver()

    assert (len(program.heard), states()) == (1, [("failed", 1, 410, None)])
    assert one("SELECT stopped_because FROM webhook_endpoints").stopped_because == "gone"


def test_while_nobody_is_at_home_what_else_waits_waits_too(
    app: Flask, add: Add, program: Program
) -> None:
    add("http://127.0.0.1:9/onward")
    for n in range(20):
        routed_order(f"A-{n}", [line("MUG", 1)])

    deliver()

    calls = [state for state in states() if state[1]]
    assert 0 < len(calls) < 20
    assert {state[3] for state in calls} == {"network"}
    assert one("SELECT min(due_at) > now() AS is_later FROM webhook_deliveries").is_later


# The owner's hand -------------------------------------------------------------------------------


def test_a_secret_is_sealed_and_while_it_changes_both_sign(
    add: Add, program: Program, owner: Actor, kiln: UUID, sql: Sql
) -> None:
    key, old = add()
    with transaction(vendor_scope(kiln)):
        new = service.rotate(key, owner)
    routed_order("A-1")
    deliver()
    (request,) = program.heard

    assert (verified(request, old)["type"], verified(request, new)["type"]) == (
        "fulfillment_order.assigned",
    ) * 2
    kept = one("SELECT secret, old_secret FROM webhook_endpoints")
    assert (signed.unseal(kept.secret), signed.unseal(kept.old_secret)) == (new, old)
    assert old not in str(kept)

    sql("UPDATE webhook_endpoints SET old_until = now() - interval '1 second'")
    routed_order("A-2")
    deliver()
    with pytest.raises(WebhookVerificationError):
        verified(program.heard[-1], old)
    assert verified(program.heard[-1], new)


def test_what_failed_is_sent_again_under_its_own_name(
    add: Add, program: Program, owner: Actor, kiln: UUID, sql: Sql
) -> None:
    key, _ = add()
    for n in (1, 2):
        routed_order(f"A-{n}", [line("MUG", 1)])
    run("feed_webhooks")
    program.answers = [Reply(500), Reply(500)]
    sql("UPDATE webhook_deliveries SET attempts = 9")
    run("send_webhooks")
    before = set(program.names)
    with transaction(vendor_scope(kiln)):
        service.set_active(key, owner, is_active=True)
    with transaction(vendor_scope(kiln)):
        assert service.replay_failed(key, owner) == 2
    with transaction(vendor_scope(kiln)):
        assert service.replay_failed(key, owner) == 0

    deliver()

    assert set(program.names) == before
    assert [state[0] for state in states()] == ["sent", "sent"]
    delivery = one("SELECT id FROM webhook_deliveries LIMIT 1").id
    with transaction(vendor_scope(kiln)):
        service.replay(key, delivery, owner)
    with pytest.raises(IllegalMove, match="on its way"), transaction(vendor_scope(kiln)):
        service.replay(key, delivery, owner)
    with pytest.raises(NotFound), transaction(vendor_scope(kiln)):
        service.replay(key, uuid4(), owner)


def test_a_test_is_sent_once_for_one_button(
    app: Flask, add: Add, program: Program, owner: Actor, kiln: UUID
) -> None:
    key, secret = add()
    once = uuid4()
    for _ in range(2):
        with transaction(vendor_scope(kiln)):
            service.test(key, once, owner)

    deliver()

    (request,) = program.heard
    assert verified(request, secret)["type"] == "endpoint.test"


def test_a_stopped_endpoint_hears_nothing_and_later_only_what_comes_then(
    app: Flask, add: Add, program: Program, owner: Actor, kiln: UUID
) -> None:
    key, _ = add()
    routed_order("A-1")
    run("feed_webhooks")
    with transaction(vendor_scope(kiln)):
        service.set_active(key, owner, is_active=False)
    routed_order("A-2")
    deliver()
    assert (program.heard, [s[0] for s in states()]) == ([], ["failed"])

    with transaction(vendor_scope(kiln)):
        service.set_active(key, owner, is_active=True)
    routed_order("A-3")
    deliver()

    assert len(program.heard) == 1


def test_a_deleted_endpoint_hears_nothing_and_is_nobodys(
    app: Flask, add: Add, program: Program, owner: Actor, kiln: UUID
) -> None:
    key, _ = add()
    routed_order("A-1")
    run("feed_webhooks")
    with transaction(vendor_scope(kiln)):
        service.delete(key, owner)

    deliver()

    assert (program.heard, [s[0] for s in states()]) == ([], ["dropped"])
    with pytest.raises(NotFound), transaction(vendor_scope(kiln)):
        service.rotate(key, owner)
    acts = [row.action for row in rows("SELECT action FROM audit ORDER BY position")]
    assert acts == ["webhook_added", "webhook_deleted"]


def test_a_secret_that_cannot_be_unsealed_holds_up_no_other(
    app: Flask, add: Add, program: Program, sql: Sql
) -> None:
    add()
    sql("UPDATE webhook_endpoints SET secret = 'sealed with a key that is gone'")
    add(f"{program.url}/other")
    routed_order("A-1")

    deliver()

    assert len(program.heard) == 1
    assert sorted(state[0] for state in states()) == ["failed", "sent"]


def test_a_vendor_that_is_closed_hears_nothing(
    app: Flask, add: Add, program: Program, sql: Sql
) -> None:
    add()
    routed_order("A-1")
    run("feed_webhooks")
    (reference,) = [row.reference for row in rows("SELECT reference FROM fulfillment_orders")]
    sql("UPDATE vendors SET status = 'closed'")
    with transaction(OPS) as now:
        act([reference], Action.HOLD, actor=ACTOR, now=now, reason="a doubt")

    deliver()

    assert (program.heard, [s[0] for s in states()]) == ([], ["dropped"])


def test_another_vendors_endpoint_is_not_there(app: Flask, add: Add, owner: Actor) -> None:
    key, _ = add()
    fjord = make_vendor_with_stock("fjord", {"LAMP": 10})

    for change in (
        lambda: service.delete(key, owner),
        lambda: service.rotate(key, owner),
        lambda: service.test(key, uuid4(), owner),
        lambda: service.replay_failed(key, owner),
        lambda: service.set_active(key, owner, is_active=False),
    ):
        with pytest.raises(NotFound), transaction(vendor_scope(fjord)):
            change()

    assert one("SELECT is_active, deleted_at FROM webhook_endpoints") == (True, None)


def test_a_delivery_whose_vendor_is_another_than_its_works_is_dropped(
    app: Flask, add: Add, program: Program, sql: Sql
) -> None:
    add()
    make_vendor_with_stock("fjord", {"LAMP": 10})
    (theirs,) = references(routed_order("F-1", [line("LAMP", 1)]))
    routed_order("A-1")
    run("feed_webhooks")
    sql("UPDATE webhook_deliveries SET subject = %s", theirs)

    run("send_webhooks")

    assert (program.heard, states()) == ([], [("dropped", 1, None, None)])


def test_there_are_so_many_endpoints_and_no_more(app: Flask, add: Add) -> None:
    for n in range(MOST_ENDPOINTS):
        add(f"http://127.0.0.1:9/{n}")

    with pytest.raises(Conflict, match="10 webhooks"):
        add()


def test_one_address_is_one_endpoint(app: Flask, add: Add) -> None:
    add()

    with pytest.raises(Conflict, match="to this address"):
        add()


def test_secrets_are_sealed_anew_with_the_newest_key(app: Flask, add: Add) -> None:
    _, secret = add()
    old = app.config["FIELD_KEY"]
    app.config["FIELD_KEY"], app.config["FIELD_KEY_FALLBACKS"] = "another key", [old]

    with transaction(PLATFORM):
        assert service.reseal() == 1

    app.config["FIELD_KEY_FALLBACKS"] = []
    assert signed.unseal(one("SELECT secret FROM webhook_endpoints").secret) == secret


def test_a_forbidden_address_is_told_as_such_and_tried_again_later(
    app: Flask, add: Add, program: Program
) -> None:
    add()
    routed_order("A-1")
    run("feed_webhooks")

    send_due(Pinned(is_strict=True), is_time_up=lambda: False)

    assert (program.heard, states()) == ([], [("queued", 1, None, "forbidden")])
