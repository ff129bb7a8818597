from __future__ import annotations
import threading, os
from contextlib import ExitStack
from datetime import date, timedelta, time
from werkzeug.serving import make_server
import pytest
from sqlalchemy import text
from tests.factories import *
from tests.factories import at
from tests.journey.conftest import CHROMIUM, Silent, Site, fresh_app, QUIET
from tests.people import browser_of, make_person
from app.shared.work import OPS, transaction
from app.vendors import service as vs, queries as vq
from app.catalog import service as cs
from app.vendors.contract import *
from app.routing.standing import stand
from app.audit.contract import Actor
import workers.job
from playwright.sync_api import sync_playwright

PAGES = {
 "vendors": "/console/vendors", "new": "/console/vendors/new", "vendor": "/console/vendors/kiln", "paused": "/console/vendors/fjord",
 "facts": "/console/vendors/kiln/facts", "suspend": "/console/vendors/kiln/moves/suspend", "close": "/console/vendors/kiln/moves/close",
 "location": "/console/vendors/kiln/locations/main", "newloc": "/console/vendors/kiln/locations", "catalog": "/console/catalog", "found": "/console/catalog?q=mug",
 "product": "/console/catalog/MUG-RED", "plain": "/console/catalog/BOWL-30", "prodedit": "/console/products/MUG-RED", "listing": "/console/listings/kiln/main/MUG-RED",
}
def test_shots(cluster, template, valkey_url):
    with ExitStack() as closing:
        app = closing.enter_context(fresh_app(cluster, template, valkey_url))
        app.config["WTF_CSRF_ENABLED"]=True
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
        closing.callback(server.server_close)
        url = f"http://127.0.0.1:{server.server_port}"
        app.config["PUBLIC_URL"] = url
        with app.app_context():
            workers.job._app = app
            closing.callback(setattr, workers.job, "_app", None)
            stock = {"MUG-RED": 12, "MUG-BLUE": 40, "BOWL-30": 0, "TEAPOT-1L": 5, "PLATE-25": 220, "VASE-LARGE": 3}
            kiln = make_vendor_with_stock("kiln", stock, zone="Europe/Stockholm")
            make_vendor_with_stock("fjord", {"MUG-RED": 30, "LAMP": 8}, cost_minor=720, zone="Europe/Oslo")
            make_vendor_with_stock("tallow", {"CANDLE": 500})
            make_vendor_with_stock("northlight", {"LAMP": 2})
            make_vendor_with_stock("old-mill", {"FLOUR": 2})
            with transaction(OPS) as now:
                vs.save_vendors([{"code":"tallow","name":"Tallow & Wick Trading Company","email":"orders@tallow.example","kind":"drop_shipper"},
                  {"code":"northlight","name":"Northlight Storage","email":None,"kind":"fulfillment_house"}])
                vs.save_locations([{"vendor_id":kiln,"code":"main","name":"Malmö workshop","zone":"Europe/Stockholm","country":"SE","city":"Malmö","cut_off":time(15),"handling_days":1,
                   "holidays":"SE","daily_capacity":3,"ships_to":["SE","NO","DK","FI","DE"]},
                   {"vendor_id":kiln,"code":"south","name":"Ystad store","zone":"Europe/Stockholm","country":"SE","city":"Ystad","cut_off":time(11,30),"handling_days":3,"working_days":[1,3,5],"is_active":False}])
                p = vq.location_of("kiln","main")
                vs.close_days(p, date(2026,11,26), date(2026,11,27), "Stock-taking", by="Teo Marin")
                vs.close_days(p, date(2026,12,23), date(2027,1,3), "Christmas", by="Elin Berg")
                cs.save_products([{"sku":"MUG-RED","title":"Mug, red, 350 ml","gtin":"4006381333931","weight_g":420,"length_mm":120,"width_mm":90,"height_mm":100,"most_units":24},
                  {"sku":"MUG-BLUE","title":"Mug, blue, 350 ml","gtin":"96385074","weight_g":420}])
                who = Actor("person","Teo Marin",None,None,"127.0.0.1")
                stand([Step("fjord", Move.PAUSE, "Moving the workshop to Bergen", date(2026,12,10)), Step("northlight", Move.REVIEW, "Three late hand-overs in a week"), Step("old-mill", Move.SUSPEND, "Sold what it did not have"),], actor=who, now=now)
                key = cs.save_listings([{ "vendor_id":kiln,"location_id":p.id,"sku":"BOWL-30","title":"Bowl 30 cm","cost_minor":900,"currency":"EUR","is_active":True,"buy_in_days":5,"restock_on":date(2026,12,1)}])
            for i in range(4):
                make_order(f"A-100{i}", [line("MUG-RED", 2), line("PLATE-25", 4, "2")])
            make_order("A-2000", [line("BOWL-30", 6)], preferences={"deliver_by":"2026-11-25"})
            make_order("A-2001", [line("VASE-LARGE", 30)])
            run_jobs("route_orders")
            at("2026-11-25T13:20:00+00:00")
            kept = browser_of(app, make_person("administrator", "Teo Marin")).get_cookie("session").value
        t = threading.Thread(target=server.serve_forever, daemon=True); t.start()
        closing.callback(t.join); closing.callback(server.shutdown)
        only = os.environ.get("ONLY", "").split()
        with sync_playwright() as play:
            chrome = play.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
            for width, scheme in ((1440,"light"),(360,"light"),(1440,"dark"),(360,"dark")):
                if os.environ.get("SIZES") and f"{width}{scheme}" not in os.environ["SIZES"].split(): continue
                ctx = chrome.new_context(viewport={"width":width,"height":900}, color_scheme=scheme, reduced_motion="reduce")
                ctx.add_cookies([{"name":"session","value":kept,"url":url}])
                page = ctx.new_page()
                errors=[]
                page.on("console", lambda m: errors.append(m.text) if m.type=="error" else None)
                for name, path in PAGES.items():
                    if only and name not in only: continue
                    r = page.goto(url+path)
                    page.wait_for_load_state("networkidle")
                    wide = page.evaluate("document.documentElement.scrollWidth")
                    print(name, width, scheme, r.status, "WIDE" if wide>width else "", errors)
                    page.screenshot(path=f"/tmp/c/{name}-{width}-{scheme}.png", full_page=True)
                ctx.close()
            chrome.close()
