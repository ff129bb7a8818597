"""Bulk changes on the screen: who may do what, and all of it without scripts."""

from __future__ import annotations

import re

import pytest

from tests.factories import make_vendor_with_stock, one, routed_order, rows, run_jobs
from tests.people import browser_of, make_person, sign_in_as


@pytest.fixture
def orders(app, jobs_run_here):
    """Three orders that a vendor has, by their references."""
    make_vendor_with_stock(stock={"MUG": 100})
    keys = [routed_order(f"N-{n}") for n in range(3)]
    found = rows("SELECT reference FROM orders WHERE id = ANY(:keys) ORDER BY id", keys=keys)
    return [row.reference for row in found]


@pytest.fixture
def lead(app):
    return browser_of(app, make_person("ops_lead", "Jonas Weber"))


def drafted(browser, orders, act="orders.hold") -> str:
    answer = browser.post("/console/batches", data={"act": act, "row": orders})
    assert answer.status_code == 302, answer.text
    return answer.location


def begin(sql) -> None:
    sql("UPDATE batches SET due_at = now() WHERE status = 'waiting'")
    run_jobs("run_batches")


def held() -> int:
    return one("SELECT count(*) AS n FROM fulfillment_orders WHERE status = 'on_hold'").n


def test_orders_are_put_on_hold_and_released_again_without_a_script(lead, orders, sql):
    where = drafted(lead, orders)
    assert "Put 3 orders on hold?" in lead.get(where).text

    lead.post(where, data={"reason": "Strike"})
    waiting = lead.get(where).text
    begin(sql)
    over = lead.get(where).text
    back = lead.post(f"{where}/undo").location
    begin(sql)

    assert re.search(r"Begins in \d+ s", waiting)
    assert f'hx-get="{where}"' in waiting
    assert f'hx-get="{where}"' not in over
    assert all(f"N-{n}" in over for n in range(3))
    assert "Release them again" in over
    assert "went wrong" not in over
    assert "3 orders released" in lead.get(back).text
    assert back.rpartition("/")[2] in lead.get(where).text
    assert held() == 0


def test_a_reason_that_is_missing_is_asked_for_where_it_belongs(lead, orders):
    where = drafted(lead, orders)

    answer = lead.post(where, data={"reason": " "})

    assert answer.status_code == 422
    assert 'id="reason-err"' in answer.text
    assert "Say why, in a few words." in answer.text
    assert one("SELECT status FROM batches").status == "draft"


def test_what_cannot_be_undone_is_confirmed_by_typing(lead, orders, sql):
    where = drafted(lead, orders, "orders.cancel")
    assert "This cannot be undone." in lead.get(where).text

    wrong = lead.post(where, data={"reason": "Recalled", "confirmation": "30"})
    lead.post(where, data={"reason": "Recalled", "confirmation": "3"})
    begin(sql)
    over = lead.get(where).text

    assert "Type 3 to go on." in wrong.text
    assert {r.status for r in rows("SELECT status FROM orders")} == {"canceled"}
    assert f"{where}/undo" not in over


def test_a_start_that_is_pressed_twice_starts_once(lead, orders, sql):
    where = drafted(lead, orders)

    answers = [lead.post(where, data={"reason": "Strike"}) for _ in range(2)]
    begin(sql)

    assert [a.status_code for a in answers] == [302, 302]
    told = rows("SELECT 1 FROM audit WHERE action = 'bulk_change_started'")
    assert (len(told), held()) == (1, 3)


def test_what_waits_is_taken_back_and_changes_nothing(lead, orders, sql):
    where = drafted(lead, orders)
    lead.post(where, data={"reason": "Strike"})

    lead.post(f"{where}/cancel")
    begin(sql)

    assert "Nothing was changed." in lead.get(where).text
    assert held() == 0


def test_a_draft_that_is_dropped_leads_back_to_its_list(lead, orders):
    data = {"act": "orders.hold", "row": orders, "next": "/console/orders?status=open"}
    where = lead.post("/console/batches", data=data).location

    assert lead.post(f"{where}/cancel").location == "/console/orders?status=open"


def test_all_that_match_a_filter_are_chosen_at_once(lead, orders):
    make_vendor_with_stock("loom", {"RUG": 10})
    data = {"act": "orders.hold", "all": "1", "list": "orders", "query": "vendor=kiln"}

    where = lead.post("/console/batches", data=data).location

    assert "Put 3 orders on hold?" in lead.get(where).text
    none = lead.post("/console/batches", data=data | {"query": "vendor=loom"})
    assert (none.status_code, "Choose at least one order" in none.text) == (422, True)


def test_nothing_chosen_and_an_act_that_is_none_are_told(lead, orders):
    nothing = lead.post("/console/batches", data={"act": "orders.hold"})
    unknown = lead.post("/console/batches", data={"act": "orders.burn", "row": orders})

    assert "Choose at least one order" in nothing.text
    assert (nothing.status_code, unknown.status_code) == (422, 404)
    assert rows("SELECT 1 FROM batches") == []


def test_an_agent_holds_and_a_lead_cancels(app, orders):
    agent = sign_in_as(app, "ops_agent")

    answer = agent.post("/console/batches", data={"act": "orders.cancel", "row": orders})

    assert answer.status_code == 403
    assert rows("SELECT 1 FROM batches") == []
    drafted(agent, orders)


def test_who_only_reads_sees_what_was_done_and_cannot_stop_it(app, lead, orders):
    where = drafted(lead, orders)
    lead.post(where, data={"reason": "Strike"})
    manager = sign_in_as(app, "senior_management")

    assert "Begins in" in manager.get(where).text
    assert f"{where}/cancel" not in manager.get(where).text
    for verb in ("", "/cancel", "/undo"):
        assert manager.post(f"{where}{verb}").status_code == 403
    assert manager.post("/console/batches", data={"act": "orders.hold"}).status_code == 403
    assert one("SELECT status FROM batches").status == "waiting"


def test_a_draft_is_its_makers_alone(app, lead, orders):
    where = drafted(lead, orders)
    other = sign_in_as(app, "ops_agent")

    assert other.get(where).status_code == 404
    assert other.post(where, data={"reason": "Strike"}).status_code == 403
    assert other.post(f"{where}/cancel").status_code in {403, 404}
    assert one("SELECT status FROM batches").status == "draft"


def test_a_vendor_has_no_bulk_changes(app, lead, orders):
    where = drafted(lead, orders)
    vendor = one("SELECT id FROM vendors WHERE code = 'kiln'").id
    owner = sign_in_as(app, "vendor_owner", vendor=vendor)

    assert {owner.get(path).status_code for path in (where, "/console/batches")} == {403}


def test_the_list_shows_ones_own_and_everybodys(app, lead, orders, sql):
    other = sign_in_as(app, "ops_agent")
    assert "No bulk change of yours" in other.get("/console/batches").text
    where = drafted(lead, orders)
    hidden = other.get("/console/batches?view=all").text
    lead.post(where, data={"reason": "Strike"})
    begin(sql)

    name = where.rpartition("/")[2]
    assert name not in hidden
    assert name in other.get("/console/batches?view=all").text
    assert name not in other.get("/console/batches").text
    assert "3 put on hold" in lead.get("/console/batches").text


def test_results_are_looked_at_by_outcome(lead, orders, sql):
    lead.post(drafted(lead, orders[:1]), data={"reason": "Flood"})
    begin(sql)
    where = drafted(lead, orders)
    lead.post(where, data={"reason": "Strike"})
    begin(sql)

    so_already = lead.get(f"{where}?outcome=unchanged").text
    done = lead.get(f"{where}?outcome=done").text

    assert "It is on hold already." in so_already
    assert ("N-0" in so_already, "N-1" in so_already) == (True, False)
    assert ("N-0" in done, "N-1" in done) == (False, True)


def test_the_results_are_taken_along_as_a_file_that_no_sheet_takes_for_formulas(lead, orders, sql):
    sql("UPDATE orders SET number = '=CMD()' WHERE number = 'N-1'")
    lead.post(drafted(lead, orders[:1]), data={"reason": "Flood"})
    begin(sql)
    where = drafted(lead, orders)
    lead.post(where, data={"reason": "Strike"})
    begin(sql)

    everything = lead.get(f"{where}/results.csv", buffered=True)
    done = lead.get(f"{where}/results.csv?outcome=done", buffered=True)

    assert everything.text.lstrip("\ufeff").splitlines() == [
        "Name,Reference,Outcome,Because",
        f"N-0,{orders[0]},Was so already,It is on hold already.",
        f"'=CMD(),{orders[1]},Changed,",
        f"N-2,{orders[2]},Changed,",
    ]
    assert len(done.text.splitlines()) == 3
    assert f"{where}/results.csv" in lead.get(where).text


def test_what_a_reason_holds_is_shown_as_words(lead, orders, sql):
    where = drafted(lead, orders)
    lead.post(where, data={"reason": "<b>x</b>"})

    assert "<b>x</b>" not in lead.get(where).text
    assert "&lt;b&gt;x&lt;/b&gt;" in lead.get(where).text
