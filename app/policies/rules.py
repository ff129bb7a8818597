"""A brand's colors: five tokens from one color, and whether everybody can read them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# WCAG 2.2, 1.4.3: words on their ground.
LEAST = 4.5
COLOR = re.compile(r"#[0-9a-f]{6}")
WHITE, BLACK = "#ffffff", "#000000"


@dataclass(frozen=True, slots=True)
class Theme:
    """What a theme is made of, and how the five tokens are mixed from a brand's color in it."""

    bg: str
    surface: str
    # where the accent moves under the pointer, and where a color that is too weak must go
    away: str
    cure: str
    # how much of the color there is in what is chosen, in its line, and in words on a button
    soft: float
    line: float
    words: float


# The grounds and our own colors are those of css/base.css; a test keeps them equal.
THEMES = {
    "light": Theme("#f5f4f0", WHITE, BLACK, "darker", 0.12, 0.4, 0),
    "dark": Theme("#0f1417", "#161c20", WHITE, "lighter", 0.17, 0.42, 0.18),
}
# What a marketplace without a color has.
OURS = {"light": "#0b6070", "dark": "#63c7d4"}
HOVER = 0.22
STEP = 0.02


def mix(ground: str, color: str, share: float) -> str:
    """Return a ground with a share of a color in it."""
    parts = zip(_parts(ground), _parts(color), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in parts)


def _parts(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colors, 1 to 21 (WCAG 2.2)."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    red, green, blue = (_linear(part / 255) for part in _parts(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return float(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)  # noqa: PLR2004 - sRGB


def accents(color: str, theme: str) -> Mapping[str, str]:
    """Return the five tokens that a brand replaces, mixed from its one color."""
    of = THEMES[theme]
    return {
        "--accent": color,
        "--accent-2": mix(color, of.away, HOVER),
        "--on-accent": mix(BLACK, color, of.words) if of.words else WHITE,
        "--accent-soft": mix(of.surface, color, of.soft),
        "--accent-line": mix(of.surface, color, of.line),
    }


def _pairs(color: str, theme: str) -> Iterator[tuple[str, float]]:
    """Return where the color is read, and how well."""
    of, tokens = THEMES[theme], accents(color, theme)
    yield "on the page", contrast(color, of.bg)
    yield "on a card", contrast(color, of.surface)
    yield "on a chosen row", contrast(color, tokens["--accent-soft"])
    yield "under the words of a button", contrast(color, tokens["--on-accent"])


def complaint(color: str, theme: str) -> str | None:
    """Return why a brand's color is refused in a theme, and one near it that is not."""
    where, found = min(_pairs(color, theme), key=lambda pair: pair[1])
    if found >= LEAST:
        return None
    # Cut, not rounded: 4.47 is not 4.5.
    told = int(found * 10) / 10
    return (
        f"This color is hard to read {where}: its contrast is {told}:1 and has to be {LEAST}:1."
        f" Choose a {THEMES[theme].cure} one, {_near(color, theme)} for example."
    )


def _near(color: str, theme: str) -> str:
    """Return the first color on the way to black, or to white, that can be read everywhere."""
    steps = (mix(color, THEMES[theme].away, n * STEP) for n in range(1, round(1 / STEP) + 1))
    return next(c for c in steps if min(found for _, found in _pairs(c, theme)) >= LEAST)


# Only on a screen: paper has its own colors.
SHEETS = {
    "light": (
        "@media screen {{ [data-bs-theme=light] {{ {0} }} }}\n"
        "@media screen and (prefers-color-scheme: light) {{ [data-bs-theme=system] {{ {0} }} }}\n"
    ),
    "dark": (
        "@media screen {{ [data-bs-theme=dark] {{ {0} }} }}\n"
        "@media screen and (prefers-color-scheme: dark) {{ [data-bs-theme=system] {{ {0} }} }}\n"
    ),
}


def stylesheet(colors: Mapping[str, str | None]) -> str:
    """Return the style sheet of a brand by theme; a theme without a color keeps ours."""
    told = {theme: accents(color, theme) for theme, color in colors.items() if color}
    return "".join(
        SHEETS[theme].format(" ".join(f"{name}: {value};" for name, value in tokens.items()))
        for theme, tokens in told.items()
    )
