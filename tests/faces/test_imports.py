from __future__ import annotations

import io

from flask import Flask

from tests.factories import make_vendor_with_stock, one, run
from tests.people import sign_in_as

FILE = b"Order,Date,Customer,Street,City,Country,SKU,Qty,Price\n" + b"".join(
    f"A-{n},2026-11-21 10:15,Ada Lind,Storgatan 1,Malm\xc3\xb6,SE,MUG,{n},12.50\n".encode("latin-1") for n in range(3)
)


def test_walk(app: Flask, jobs_run_here):
    make_vendor_with_stock(stock={"MUG": 9})
    browser = sign_in_as(app, "ops_agent")
    assert browser.get("/console/imports").status_code == 200
    assert browser.get("/console/imports/new").status_code == 200
    answer = browser.post("/console/imports/new", data={"kind": "orders", "file": (io.BytesIO(FILE), "o.csv")})
    assert answer.status_code == 302, answer.text
    path = answer.location
    print(browser.get(path).text)
    answer = browser.post(path + "/try", data={})
    assert answer.status_code == 422
    form = {f"column:{k}": v for k, v in one("SELECT mapping FROM imports").mapping.items()}
    answer = browser.post(path + "/try", data=form | {"channel": "web", "currency": "EUR", "decimal": "."})
    assert answer.status_code == 302, answer.text
    assert browser.get(path).status_code == 200
    run("run_imports")
    print(browser.get(path).text)
    assert browser.post(path + "/start").status_code == 302
    run("run_imports")
    print(browser.get(path).text)
    print(browser.get(path + "/refused").text)
    assert browser.get("/console/sources").status_code == 200
    admin = sign_in_as(app, "administrator")
    assert admin.get("/console/sources/new").status_code == 200
    for kind in ("shopify", "woocommerce", "onward"):
        answer = admin.post("/console/sources/new", data={"kind": kind, "code": kind, "channel": "web", "secret": "x" * 20})
        assert answer.status_code == 200, answer.text
        print(answer.text)
        assert admin.get("/console/sources/" + kind).status_code == 200
    0/0
