"""Picking and packing in a real browser, with a scanner that types and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.accounts.people import ensure_user
from app.extensions import db
from app.shared.work import ACCOUNTS, OPS, transaction
from tests.factories import confirmed, describe, line, make_vendor_with_stock, one, routed_order
from tests.journey.axe import violations
from tests.journey.conftest import TODAY, Site, Visit, behind, kept_of
from tests.people import PASSWORD

EAN, OTHER = "4012345678901", "4006381333931"
GOODS = {
    "KC-CARE": ("Care card", "A-02-1", None),
    "KC-PLATE-SND": ("Dinner plates, sand, set of 4", "A-11-4", OTHER),
    "KC-SB30-SND": ("Serving bowl 30 cm, sand", "B-07-2", EAN),
    "KC-SB25-SND": ("Serving bowl 25 cm", "B-07-1", None),
}
NOTE = "UPDATE products SET packing = '[\"fragile\"]', packing_note = 'Double box' WHERE sku = :sku"
FOCUSED = "document.activeElement.id === 'scan'"
# What the page plays is heard here, and a sound is heard nowhere else.
EARS = """
window.heard = [];
document.addEventListener('scan:tone', (event) => window.heard.push(event.detail.which));
"""
# A browser that reads codes, and a camera that shows one.
EYES = """
window.BarcodeDetector = class {
  async detect() { return window.shown ? [{ rawValue: window.shown }] : []; }
};
const camera = { getUserMedia: async () => document.createElement('canvas').captureStream() };
Object.defineProperty(navigator, 'mediaDevices', { value: camera });
"""
# What is too small for a glove.
SMALL = """
() => [...document.querySelectorAll('main .btn, main summary, main input:not([type=hidden])')]
  .filter((e) => e.getClientRects().length && !e.closest('.visually-hidden, .opt, .help'))
  .map((e) => [e.outerHTML.slice(0, 80), e.getBoundingClientRect().height])
  .filter(([, high]) => high < 43.5 && high > 1)
"""


@pytest.fixture(scope="module")
def world(site: Site) -> Iterator[None]:
    """The application that the site serves, with somebody of a vendor, and goods in bins."""
    with behind():
        vendor = make_vendor_with_stock("clay", dict.fromkeys(GOODS, 200))
        describe(*GOODS)
        with transaction(ACCOUNTS):
            ensure_user("noor@example.org", "Noor Aziz", "vendor_staff", PASSWORD, vendor)
        with transaction(OPS):
            for sku, (title, bin_, gtin) in GOODS.items():
                values = {"sku": sku, "title": title, "bin": bin_, "gtin": gtin}
                told = "UPDATE listings SET title = :title, bin = :bin WHERE sku = :sku"
                db.session.execute(text(told), values)
                told = "UPDATE products SET title = :title, gtin = :gtin WHERE sku = :sku"
                db.session.execute(text(told), values)
            db.session.execute(text(NOTE), {"sku": "KC-PLATE-SND"})
        yield


def order(*units: int, **changes: Any) -> str:
    """Return an order of so many units of each of the goods, confirmed."""
    lines = [
        line(sku, n, str(k), title=GOODS[sku][0])
        for k, (sku, n) in enumerate(zip(GOODS, units, strict=False), start=1)
        if n
    ]
    placed = (TODAY - timedelta(hours=5)).isoformat()
    (reference,) = confirmed(routed_order(lines=lines, placed_at=placed, **changes))
    return reference


@pytest.fixture(scope="module")
def noor(browser: Any, site: Site, world: None) -> Any:
    """What a browser keeps after somebody of the vendor has signed in."""
    return kept_of(browser, site, "noor@example.org", "/portal/")


def scan(page: Any, code: str) -> None:
    """Type a code as a scanner does: into whatever has the focus, with Enter at its end."""
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def said(page: Any, title: str) -> None:
    page.locator(".scan-say h2", has_text=re.compile(f"^{title}$")).wait_for()


def picked(reference: str) -> int:
    row = one(
        "SELECT sum(l.picked) AS n FROM fo_lines l JOIN fulfillment_orders fo ON fo.id = l.fo_id"
        " WHERE fo.reference = :r",
        r=reference,
    )
    return int(row.n)


def test_thirty_scans_by_the_scanner_alone(visit: Visit, noor: Any, world: None) -> None:
    reference = order(10, 10, 10)
    page = visit(storage_state=noor)
    page.add_init_script(EARS)
    page.goto(f"/portal/orders/{reference}/pick")
    assert page.evaluate(FOCUSED)

    for n, code in enumerate(["kc-care", OTHER, EAN] * 5, start=1):
        scan(page, code)
        page.get_by_role("heading", name=f"{n} of 30 units").wait_for()
        assert page.evaluate(FOCUSED)
    scan(page, "KC-SB25-SND")
    said(page, "Wrong variant")
    assert page.locator(".scan").evaluate("e => getComputedStyle(e).backgroundColor") == (
        "rgb(179, 38, 30)"
    )
    told = page.locator(".scan-say").inner_text()
    assert "You scanned Serving bowl 25 cm." in told
    assert "Take Serving bowl 30 cm, sand from B-07-2." in told
    assert picked(reference) == 15
    # Whoever touched something else goes on scanning all the same.
    page.get_by_role("button", name="Count one by hand: Care card").click()
    page.get_by_role("heading", name="16 of 30 units").wait_for()
    page.locator("h1").click()
    # As fast as a scanner types, without waiting for any answer.
    for code in (f"4*{'KC-CARE'}", *[OTHER] * 5, *[EAN] * 5):
        scan(page, code)
    page.get_by_role("heading", name="30 of 30 units").wait_for()

    assert page.evaluate(FOCUSED)
    assert page.evaluate("window.heard.filter((tone) => tone === 'wrong').length") == 1
    assert page.evaluate("window.heard.length") == 28
    page.get_by_role("link", name="Pack it").click()
    page.wait_for_url("**/pack")
    assert violations(page) == []


@pytest.mark.parametrize("width", [360, 1440])
def test_pages_of_picking_and_packing_are_open_to_everybody(
    visit: Visit, noor: Any, world: None, width: int
) -> None:
    wishes = {"gift_wrap": True, "gift_message": "Grattis på födelsedagen!"}
    first, second = order(1, 2, 1, preferences=wishes), order(0, 0, 2)
    page = visit(width=width, height=800, storage_state=noor, reduced_motion="reduce")

    def look(name: str) -> None:
        assert violations(page) == [], name
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, name
        if width < 400:
            assert page.evaluate(SMALL) == [], name

    page.goto("/portal/pick")
    look("picking")
    for box in page.locator("input[name=order]").all():
        box.set_checked(box.get_attribute("value") == second)
    page.get_by_role("button", name="Start a wave").click()
    page.wait_for_url("**/waves/*")
    scan(page, EAN)
    said(page, "Right")
    look("wave")
    page.goto(f"/portal/orders/{first}/pick")
    scan(page, "KC-SB25-SND")
    said(page, "Wrong variant")
    look("pick, wrong")
    page.locator(".short > summary").first.click()
    page.locator(".short-line > summary").first.click()
    look("pick, not there")
    page.goto(f"/portal/orders/{first}/pick")
    for code in ("KC-CARE", f"2*{OTHER}", EAN):
        scan(page, code)
    page.get_by_role("link", name="Pack it").wait_for()
    look("pick, done")
    page.get_by_role("link", name="Pack it").click()
    page.wait_for_url("**/pack")
    page.get_by_role("button", name="Another parcel").click()
    page.get_by_role("heading", name="Parcel 2 of 2").wait_for()
    look("pack")
    page.goto("/portal/pack")
    look("packing")


def test_what_is_scanned_without_a_network_is_checked_when_it_is_back(
    visit: Visit, noor: Any, world: None
) -> None:
    reference = order(0, 0, 3)
    page = visit(storage_state=noor)
    page.goto(f"/portal/orders/{reference}/pick")

    page.context.set_offline(True)
    for _ in range(2):
        scan(page, EAN)
    page.get_by_text("2 scans wait for the network.").wait_for()
    assert picked(reference) == 0
    assert page.evaluate(FOCUSED)
    page.context.set_offline(False)
    page.get_by_role("heading", name="2 of 3 units").wait_for()

    assert page.locator("[data-scan-wait]").is_hidden()
    assert picked(reference) == 2


def test_without_scripts_a_scan_is_answered_the_same(visit: Visit, noor: Any, world: None) -> None:
    reference = order(0, 0, 1)
    page = visit(storage_state=noor, java_script_enabled=False)
    page.goto(f"/portal/orders/{reference}/pick")

    page.get_by_label("Scan the next item").fill("KC-SB25-SND")
    page.get_by_role("button", name="Check").click()

    said(page, "Wrong variant")
    page.get_by_label("Scan the next item").fill(EAN)
    page.get_by_label("Scan the next item").press("Enter")
    said(page, "Right")
    assert picked(reference) == 1


def test_the_camera_reads_where_the_browser_can(visit: Visit, noor: Any, world: None) -> None:
    reference = order(0, 0, 2)
    plain = visit(storage_state=noor)
    plain.goto(f"/portal/orders/{reference}/pick")
    assert plain.get_by_role("button", name="Scan with the camera").is_hidden()
    page = visit(storage_state=noor)
    page.add_init_script(EYES)
    page.goto(f"/portal/orders/{reference}/pick")

    page.get_by_role("button", name="Scan with the camera").click()
    page.evaluate(f"window.shown = '{EAN}'")
    page.get_by_role("heading", name="1 of 2 units").wait_for()
    page.get_by_role("button", name="Scan with the camera").click()

    page.locator("#scan-eye").wait_for(state="hidden")
    assert picked(reference) == 1
    assert page.evaluate(FOCUSED)
