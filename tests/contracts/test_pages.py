from __future__ import annotations

import re
from pathlib import Path

import pytest

import app

HERE = Path(app.__file__).parent
CSS = "".join(path.read_text() for path in sorted((HERE / "static" / "css").glob("*.css")))
TEMPLATES = sorted((HERE / "templates").rglob("*.html"))
FORBIDDEN = {
    "unescaped words": r"\|\s*safe\b|Markup\(|autoescape\s+false",
    "inline style": r"\sstyle\s*=|<style\b",
    "inline script": r"<script(?![^>]*\bsrc=)|\son[a-z]+\s*=|javascript:",
    "another host": r"(?:src|href|action)\s*=\s*[\"']?(?:https?:)?//|@import|url\(\s*[\"']?https?:",
}


@pytest.mark.parametrize("what", FORBIDDEN)
@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: str(p.relative_to(HERE / "templates")))
def test_no_template_holds(path, what):
    found = re.findall(FORBIDDEN[what], path.read_text(), re.IGNORECASE)

    assert found == []


def test_the_style_sheet_loads_nothing_from_elsewhere():
    assert re.findall(r"@import|url\(\s*[\"']?(?:https?:)?//", CSS) == []


def blocks(css: str) -> list[tuple[str, dict[str, str]]]:
    """Return every innermost block that defines custom properties: its selector and its tokens."""
    bare = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    found = []
    for selector, body in re.findall(r"([^{};]+)\{([^{}]*)\}", bare):
        tokens = dict(re.findall(r"(--[\w-]+)\s*:\s*([^;]+);", body + ";"))
        if tokens:
            found.append((selector.strip(), tokens))
    return found


def test_dark_is_the_same_whether_chosen_or_given_by_the_system():
    named = {selector: tokens for selector, tokens in blocks(CSS) if len(tokens) > 20}
    chosen, given = (named[f"[data-bs-theme={name}]"] for name in ("dark", "system"))

    assert chosen == given
    assert set(chosen) <= set(named["[data-bs-theme=light], :root"])


def test_every_token_that_is_used_is_defined():
    defined = {name for _, tokens in blocks(CSS) for name in tokens}
    used = set(re.findall(r"var\((--[\w-]+)\)", CSS))

    assert {name for name in used if not name.startswith("--bs-")} <= defined
