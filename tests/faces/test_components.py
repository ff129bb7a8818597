"""The page of components: it lives, for it is made with the marks themselves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

import app
from app.console.components import COLORS, SIZES
from app.web.marks import SIGNS

HERE = Path(app.__file__).parent
MARKS = (HERE / "templates" / "marks.html").read_text()
PAGE = (HERE / "templates" / "console" / "components.html").read_text()
CSS = {path.stem: path.read_text() for path in (HERE / "static" / "css").glob("*.css")}


@pytest.fixture
def page(ops_client: FlaskClient) -> str:
    answer = ops_client.get("/console/components")
    assert answer.status_code == 200
    return str(answer.text)


def test_every_mark_is_shown() -> None:
    named = re.findall(r"macro (\w+)\(|set ([a-z]\w*) = draw\.", MARKS)
    marks = {macro or drawn for macro, drawn in named}

    shown = set(re.findall(r"marks\.(\w+)", PAGE))

    assert len(marks) > 30
    assert marks - shown == set()


def test_every_word_of_every_table_of_marks_is_shown() -> None:
    tables = set(re.findall(r"set ([A-Z_]+) = draw\.looks\.", MARKS))

    assert len(tables) > 8
    assert tables <= set(re.findall(r"in marks\.([A-Z_]+)", PAGE))


@pytest.mark.parametrize("state", SIGNS)
def test_every_state_of_a_deadline_is_shown(page: str, state: str) -> None:
    assert f'<span class="due" data-state="{state}"' in page


def test_every_color_has_its_swatch_in_both_themes(page: str) -> None:
    painted = set(
        re.findall(
            r"^\.sw-([\w-]+) \{ background: var\(--\1\); \}$", CSS["components"], re.MULTILINE
        )
    )
    shown = {token for tokens in COLORS.values() for token in tokens}
    light = CSS["base"].partition(":root {")[2].partition("}")[0]
    known = set(re.findall(r"--([\w-]+): #", light))

    assert shown == painted == known
    for token in shown:
        assert page.count(f'class="sw sw-{token}"') == 2


def test_every_size_of_type_is_shown() -> None:
    base = CSS["base"]
    for size, pixels in SIZES.items():
        rem = re.search(rf"--{size}: ([\d.]+)rem;", base)
        assert rem
        assert float(rem[1]) * 16 == float(pixels)
        assert f".size-{size} {{ font-size: var(--{size}); }}" in CSS["components"]


def test_a_samples_button_says_that_nothing_was_changed(ops_client: FlaskClient) -> None:
    answer = ops_client.post("/console/components", follow_redirects=True)
    assert "This was a sample. Nothing was changed." in answer.text

    answer = ops_client.post("/console/components", data={"undo": "1"}, follow_redirects=True)
    assert "Taken back. It was a sample all the same." in answer.text


def test_no_name_stands_twice(page: str) -> None:
    names = re.findall(r'\sid="([^"]+)"', page)

    assert sorted({name for name in names if names.count(name) > 1}) == []
