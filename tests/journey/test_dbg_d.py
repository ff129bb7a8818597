from tests.journey.test_keyboard import *
from tests.journey import axe as ax
import time
def test_x(visit, signed_in, site):
    def dbg(page):
        page.on("console", lambda s: print("DBG", page.url, s.text)); page.on("pageerror", lambda s: print("DBG", page.url, s))
    for width, height in ((1440, 900), (360, 740)):
        for scheme in ("light", "dark"):
            page = visit(width, height, storage_state=signed_in, color_scheme=scheme); dbg(page)
            page.goto("/console/components"); page.wait_for_timeout(300)
            page.screenshot(path=f"/tmp/d/comp-{width}-{scheme}.png", full_page=True)
            print("DBG width", width, page.evaluate("document.scrollingElement.scrollWidth"))
            if scheme == "light":
                page.evaluate(ax.AXE)
                for rule in page.evaluate(ax.RUN_AXE, {"resultTypes": ["violations"]}):
                    print("DBG axe", width, rule["id"], [n["target"] for n in rule["nodes"]][:6])
            else:
                page.evaluate(ax.AXE)
                for rule in page.evaluate(ax.RUN_AXE, {"resultTypes": ["violations"], "runOnly": ["color-contrast", "link-in-text-block"]}):
                    print("DBG axe", width, scheme, rule["id"], [n["target"] for n in rule["nodes"]][:6])
            page.goto("/console/orders")
            page.screenshot(path=f"/tmp/d/orders-{width}-{scheme}.png")
            asks(page, "W-100"); page.wait_for_timeout(200); page.screenshot(path=f"/tmp/d/pal-{width}-{scheme}.png"); page.keyboard.press("Escape"); expect(palette(page)).to_be_hidden()
            page.keyboard.press("Control+k"); page.wait_for_timeout(500); page.screenshot(path=f"/tmp/d/pal0-{width}-{scheme}.png"); page.keyboard.press("Escape"); expect(palette(page)).to_be_hidden()
            page.keyboard.type("?"); page.wait_for_timeout(200); page.screenshot(path=f"/tmp/d/keys-{width}-{scheme}.png"); page.keyboard.press("Escape")
            page.goto("/console/find?q=W-1001"); page.screenshot(path=f"/tmp/d/find-{width}-{scheme}.png")
            page.goto("/console/"); page.keyboard.type("j"); page.wait_for_timeout(100); page.keyboard.press("Enter"); page.wait_for_timeout(600); page.screenshot(path=f"/tmp/d/queue-{width}-{scheme}.png")
            out = visit(width, height, color_scheme=scheme); dbg(out)
            out.goto("/"); out.screenshot(path=f"/tmp/d/start-{width}-{scheme}.png", full_page=True)
            out.goto("/signin"); out.screenshot(path=f"/tmp/d/signin-{width}-{scheme}.png")
            page.context.close(); out.context.close()
