"""What axe finds on a page: the rule that is broken, and where."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from playwright.sync_api import Page

AXE_SCRIPT = pytest.importorskip(
    "axe_playwright_python.base", reason="no browser: axe is missing"
).AXE_SCRIPT
AXE = AXE_SCRIPT + ";undefined"
RUN_AXE = "how => axe.run({preload: false, ...how}).then(found => found.violations)"
# A theme changes nothing but colors.
THEMES = {"light": {}, "dark": {"runOnly": ["color-contrast", "link-in-text-block"]}}
# Every change of color is brought to its end, and those that it begins, until none is left; what
# turns for ever has no end, and is left to turn.
COLORS_STAND = """
async () => {
  for (let round = 0, ended = 1; ended && round < 9; round += 1) {
    await new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)));
    ended = 0;
    for (const moving of document.getAnimations()) {
      if (moving.playState === 'finished') continue;
      try { moving.finish(); ended += 1; } catch { /* it has no end */ }
    }
  }
}
"""


def violations(page: Page, themes: Iterable[str] = THEMES) -> list[str]:
    """Return what axe finds in light and in dark: the rule and where it is broken."""
    found = []
    page.evaluate(AXE)
    for scheme in themes:
        how = THEMES[scheme]
        page.emulate_media(color_scheme=scheme)
        page.evaluate(COLORS_STAND)
        for rule in page.evaluate(RUN_AXE, {"resultTypes": ["violations"], **how}):
            found += [f"{scheme}, {rule['id']}: {node['target']}" for node in rule["nodes"]]
    return found
