"""The pages of imports: a file is chosen, arranged, tried out, taken in, and mended."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.intake.files import MOST_BYTES
from tests.factories import make_vendor_with_stock, one, rows, run
from tests.people import sign_in_as

HEAD = "Order,Ordered at,Customer,Street,City,Zip,Country,SKU,Qty,Price\n"


def row(number: str, quantity: str = "2", sku: str = "MUG", name: str = "Ada Lind") -> str:
    return f"{number},2026-11-21 10:15,{name},Storgatan 1,Malmö,211 34,SE,{sku},{quantity},12.50\n"


@pytest.fixture
def agent(app: Flask, jobs_run_here: None) -> FlaskClient:
    make_vendor_with_stock(stock={"MUG": 50})
    return sign_in_as(app, "ops_agent")


def upload(browser: FlaskClient, content: str, kind: str = "orders", name: str = "o.csv") -> Any:
    file = (io.BytesIO(content.encode()), name)
    return browser.post("/console/imports/new", data={"kind": kind, "file": file})


def arranged(**changes: str) -> dict[str, str]:
    """Return the form of the newest file as its page shows it."""
    newest = rows("SELECT mapping, fixed FROM imports ORDER BY made_at DESC LIMIT 1")[0]
    columns = {f"column:{name}": column for name, column in newest.mapping.items()}
    return columns | {"channel": "web", "currency": "EUR", "decimal": "."} | changes


def tried(browser: FlaskClient, content: str) -> str:
    """Send a file, arrange it as it was guessed and try it out; return its address."""
    path: str = upload(browser, content).location
    assert browser.post(f"{path}/try", data=arranged()).status_code == 302
    run("run_imports")
    return path


def test_a_file_is_looked_at_tried_out_and_taken_in(agent):
    path = upload(agent, HEAD + row("A-1") + row("A-2", "two")).location
    draft = agent.get(path).text

    assert "Take in o.csv" in draft
    assert '<option value="Ordered at" selected>Ordered at (2026-11-21 10:15)</option>' in draft
    assert agent.post(f"{path}/try", data=arranged()).location == path
    assert "Trying out o.csv" in agent.get(path).text
    run("run_imports")
    found = agent.get(path).text
    assert "What o.csv would do" in found
    assert "&#39;two&#39; is not a whole number." in found
    assert "Take in 1 order<" in found
    assert rows("SELECT FROM orders") == []
    assert agent.post(f"{path}/start").location == path
    run("run_imports")
    done = agent.get(path).text
    assert "o.csv is taken in" in done
    assert "Take in 1 order<" not in done
    assert [r.number for r in rows("SELECT number FROM orders")] == ["A-1"]


def test_what_is_missing_is_said_beside_it_and_nothing_begins(agent):
    path = upload(agent, HEAD + row("A-1")).location

    answer = agent.post(f"{path}/try", data=arranged(channel="", **{"column:lines.sku": ""}))

    assert answer.status_code == 422
    assert "Say on which channel these orders are." in answer.text
    assert "Choose the column with this: SKU." in answer.text
    assert one("SELECT status FROM imports").status == "draft"


def test_a_forms_address_opened_like_a_page_leads_to_the_page_it_is_on(agent):
    path = upload(agent, HEAD + row("A-1")).location

    answer = agent.get(f"{path}/try")

    assert answer.status_code == 405
    assert f'href="{path}">Open the page above it' in answer.text
    assert "Method" not in answer.text


def test_a_file_that_cannot_be_read_is_said_beside_the_file(agent):
    answer = upload(agent, "PK\x03\x04 a workbook")

    assert answer.status_code == 422
    assert "is a workbook or a ZIP archive, not text" in answer.text
    assert rows("SELECT FROM imports UNION ALL SELECT FROM import_parts") == []


def test_what_is_refused_comes_as_a_file_that_is_mended_and_sent_again(agent):
    evil = '"=CMD(""calc"")"'
    path = tried(agent, HEAD + row("A-1", "two", name=evil) + row("A-2"))
    agent.post(f"{path}/start")
    run("run_imports")

    answer = agent.get(f"{path}/refused", buffered=True)

    lines = answer.text.lstrip("\ufeff").splitlines()
    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="IM-')
    assert lines[0] == HEAD.strip() + ",error"
    assert '"\'=CMD(""calc"")"' in lines[1]
    assert lines[1].endswith(",Qty: 'two' is not a whole number.")
    mended = "\n".join(lines).replace(",two,", ",2,")
    path = tried(agent, mended)
    agent.post(f"{path}/start")
    run("run_imports")
    names = rows("SELECT o.number, c.name FROM orders o JOIN customers c ON c.id = o.customer_id")
    assert {tuple(r) for r in names} == {("A-1", '=CMD("calc")'), ("A-2", "Ada Lind")}


def test_the_arrangement_of_the_same_columns_is_offered_again(agent):
    head = HEAD.replace("Customer", "Besteller")
    path = upload(agent, head + row("A-1")).location
    data = arranged(tells="yes", **{"column:customer.name": "Besteller"})
    agent.post(f"{path}/try", data=data)

    again = agent.get(upload(agent, head + row("A-9")).location).text

    assert '<option value="Besteller" selected>' in again
    assert 'name="channel" value="web"' in again
    assert "checked" not in again


def test_what_decimals_stand_after_is_asked_where_the_file_does_not_tell(agent):
    path = upload(agent, HEAD + row("A-1").replace("12.50", "1.234")).location
    asked = agent.get(path).text

    unsaid = agent.post(f"{path}/try", data=arranged(decimal=""))
    agent.post(f"{path}/try", data=arranged(decimal=","))

    assert '<option value="">Choose</option>' in asked
    assert "The first numbers of this file do not tell it." in asked
    assert unsaid.status_code == 422
    assert "Its first numbers can be read in two ways" in unsaid.text
    assert one("SELECT fixed FROM imports").fixed["decimal"] == ","


def test_a_sign_that_nobody_offers_is_refused(agent):
    path = upload(agent, HEAD + row("A-1")).location

    assert agent.post(f"{path}/try", data=arranged(decimal=";")).status_code == 422
    assert one("SELECT status FROM imports").status == "draft"


def test_what_was_tried_out_shows_the_amounts_that_were_read(agent):
    path = tried(agent, HEAD + row("A-1") + row("A-2", "two"))
    found = agent.get(path).text

    assert "Decimals stand after a point, as in 1,234.50." in found
    assert '<span class="money">€25.00</span>' in found
    agent.post(f"{path}/start")
    run("run_imports")
    assert "How it is read" not in agent.get(path).text


def test_of_a_file_that_cannot_be_read_to_its_end_the_page_says_that_none_is_taken(agent):
    found = agent.get(tried(agent, HEAD + row("A-1") + '"never closed\n')).text

    assert "Line 3 cannot be read" in found
    assert "None of the file is taken in." in found
    assert "Take in 1 order<" not in found


def test_a_draft_is_dropped_and_a_run_is_stopped(agent):
    dropped = upload(agent, HEAD + row("A-1")).location
    assert agent.post(f"{dropped}/cancel").location == "/console/imports"
    assert agent.get(dropped).status_code == 404

    path = tried(agent, HEAD + row("A-1"))
    agent.post(f"{path}/start")
    agent.post(f"{path}/cancel")
    run("run_imports")

    assert "o.csv was stopped" in agent.get(path).text
    assert rows("SELECT FROM orders UNION ALL SELECT FROM import_parts") == []


def test_whoever_sent_a_file_is_told_when_it_is_done(agent):
    path = tried(agent, HEAD + row("A-1") + row("A-2", "0"))

    assert "1 record can be taken in, 1 row would be refused." in agent.get("/console/notices").text
    agent.post(f"{path}/start")
    run("run_imports")
    assert "A file is taken in" in agent.get("/console/notices").text


def test_the_list_says_how_each_stands(agent):
    tried(agent, HEAD + row("A-1"))
    upload(agent, HEAD, name="<b>bold.csv")

    found = agent.get("/console/imports").text

    assert "Tried out" in found
    assert "1 would be taken in" in found
    assert "&lt;b&gt;bold" in found


STOCK = "vendor,sku,on hand\nkiln,MUG,7\n"


def test_listings_and_stock_are_for_those_who_look_after_the_catalog(agent):
    answer = upload(agent, STOCK, "stock")

    assert answer.status_code == 422
    assert "Not a valid choice" in answer.text
    assert rows("SELECT FROM imports") == []


def test_who_only_reads_takes_nothing_in(app, jobs_run_here):
    browser = sign_in_as(app, "senior_management")

    assert upload(browser, STOCK, "stock").status_code == 403
    assert browser.get("/console/imports").status_code == 200
    assert "Take in a file" not in browser.get("/console/imports").text
    assert rows("SELECT FROM imports") == []


def test_an_agent_does_not_go_on_with_a_leads_stock(app, agent):
    lead = sign_in_as(app, "ops_lead")
    path = upload(lead, STOCK, "stock").location

    assert agent.get(path).status_code == 200
    assert "Drop it" not in agent.get(path).text
    for act in ("try", "start", "change", "cancel"):
        assert agent.post(f"{path}/{act}", data=arranged()).status_code == 403
    assert one("SELECT status FROM imports").status == "draft"


def test_a_file_larger_than_the_door_is_refused(agent):
    kind = "multipart/form-data; boundary=x"

    answer = agent.post("/console/imports/new", data=b"x" * (MOST_BYTES + 1), content_type=kind)

    assert answer.status_code == 413
