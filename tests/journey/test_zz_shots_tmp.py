import os
from pathlib import Path
import pytest

OUT = Path("/tmp/shots2")
OUT.mkdir(exist_ok=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_shots(site, visit, signed_in, width, scheme):
    page = visit(width, storage_state=signed_in, color_scheme=scheme)
    page.on("console", lambda m: print(page.url, m.type, m.text))
    todo = {
        "start": "/",
        "queue": "/console/",
        "nobody": "/console/?view=nobody",
        "case": site.paths["case"],
        "orders": "/console/orders",
        "late": site.paths["W-1001"],
        "new": site.paths["W-1008"],
        "fine": site.paths["W-1002"],
        "stuck": site.paths["W-1003"],
        "unfilled": site.paths["W-1007"],
        "crit": site.paths["W-1004"],
        "esc": "/console/escalations",
        "offers": "/console/offers",
        "messages": "/console/messages",
        "system": "/console/system",
        "none": "/console/orders?q=zzz",
        "404": "/console/orders/OR-NONE",
    }
    for name, path in todo.items():
        page.goto(path)
        page.screenshot(path=OUT / f"{name}-{width}-{scheme}.png", full_page=True)
    other = visit(width, color_scheme=scheme)
    other.goto("/console/orders")
    other.get_by_label("E-mail").fill("x@y.z")
    other.get_by_role("button", name="Sign in").click()
    other.screenshot(path=OUT / f"signin-{width}-{scheme}.png", full_page=True)
    other.get_by_label("Password").fill("x@y.z")
    other.get_by_role("button", name="Sign in").click()
    other.screenshot(path=OUT / f"wrong-{width}-{scheme}.png", full_page=True)
