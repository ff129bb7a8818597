"""What axe finds on a page: the rule that is broken, and where."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

AXE_SCRIPT = pytest.importorskip(
    "axe_playwright_python.base", reason="no browser: axe is missing"
).AXE_SCRIPT
AXE = AXE_SCRIPT + ";undefined"
RUN_AXE = "how => axe.run({preload: false, ...how}).then(found => found.violations)"
# A theme changes nothing but colors.
THEMES = {"light": {}, "dark": {"runOnly": ["color-contrast", "link-in-text-block"]}}
# Until no color moves any more; what turns for ever is not waited for.
COLORS_STAND = """
async () => {
  const frame = () => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)));
  const ends = (moving) => moving.effect.getComputedTiming().endTime !== Infinity;
  for (let round = 0; round < 50; round += 1) {
    await frame();
    const left = document.getAnimations().filter((one) => ends(one) && one.playState === "running");
    if (!left.length) return;
    await Promise.allSettled(left.map((one) => one.finished));
  }
}
"""


def violations(page: Page) -> list[str]:
    """Return what axe finds in light and in dark: the rule and where it is broken."""
    found = []
    page.evaluate(AXE)
    for scheme, how in THEMES.items():
        page.emulate_media(color_scheme=scheme)
        page.evaluate(COLORS_STAND)
        for rule in page.evaluate(RUN_AXE, {"resultTypes": ["violations"], **how}):
            found += [f"{scheme}, {rule['id']}: {node['target']}" for node in rule["nodes"]]
    return found
