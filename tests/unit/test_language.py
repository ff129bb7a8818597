"""In which language a text is said, and what its catalogs must keep."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from flask import Flask
from jinja2 import Environment, nodes

from app.commands import texts
from app.shared import catalogs, language
from app.shared.language import MAILS, PAGES, _, _n, _p, available, nearest, number, spoken

GERMAN = """
msgid "Save"
msgstr "Sichern"

msgid "By {name}"
msgstr "Von {name}"

msgid "{n} order of {name}"
msgid_plural "{n} orders of {name}"
msgstr[0] "{n} Bestellung von {name}"
msgstr[1] "{n} Bestellungen von {name}"

msgctxt "verb"
msgid "Open"
msgstr "Öffnen"

msgid "Not said yet"
msgstr ""
"""
ALL = [(domain, path) for domain in (PAGES, MAILS) for path in catalogs.paths(domain)]


@pytest.fixture
def german(tmp_path, monkeypatch):
    """Pages in German, whose catalog says little."""
    (tmp_path / "de" / "LC_MESSAGES").mkdir(parents=True)
    path = tmp_path / "de" / "LC_MESSAGES" / "messages.po"
    path.write_text(GERMAN, encoding="utf-8")
    monkeypatch.setattr(language, "FOLDER", tmp_path)
    monkeypatch.setattr(catalogs, "FOLDER", tmp_path)
    forget()
    yield path
    forget()


def forget() -> None:
    """Have catalogs read again."""
    language._read.cache_clear()  # noqa: SLF001 - only a test ever has other catalogs
    available.cache_clear()


# Saying -------------------------------------------------------------------------------------


def test_a_text_is_said_in_english_where_nobody_chose_another_language(german):
    assert (_("Save"), _("By {name}", name="Ada")) == ("Save", "By Ada")
    assert [_n("{n} order", "{n} orders", n) for n in (0, 1, 1200)] == [
        "0 orders",
        "1 order",
        "1,200 orders",
    ]


def test_a_text_is_said_in_the_language_that_is_spoken_and_only_there(german):
    with spoken("de"):
        assert (_("Save"), _("By {name}", name="{Ada}")) == ("Sichern", "Von {Ada}")
        assert (_p("verb", "Open"), _p("adjective", "Open"), _("Open")) == (
            "Öffnen",
            "Open",
            "Open",
        )
    assert _("Save") == "Save"


def test_one_and_many_are_said_apart_with_the_number_as_its_language_writes_it(german):
    with spoken("de"):
        said = [_n("{n} order of {name}", "{n} orders of {name}", n, name="Ada") for n in (1, 1200)]
        assert said == ["1 Bestellung von Ada", "1.200 Bestellungen von Ada"]
        assert number(1_234_567) == "1.234.567"


def test_what_a_catalog_lacks_is_said_in_english(german):
    with spoken("de"):
        assert (_("Not said yet"), _("Nobody ever heard {of}", of="it")) == (
            "Not said yet",
            "Nobody ever heard it",
        )
        assert _n("{n} thing", "{n} things", 2) == "2 things"


def test_a_pseudo_language_marks_every_text_and_leaves_facts_alone():
    with spoken(language.ACCENTED):
        assert _("Save") == "⟦Šávé⟧"
        assert (
            _("Signed by {name} in {place}", name="Ada", place="Lund") == "⟦Šígñéd bý Ada íñ Lund⟧"
        )
        assert _n("{n} order", "{n} orders", 2) == "⟦2 ördérš⟧"
        assert _p("verb", "Open") == "⟦Öpéñ⟧"
        assert _(_("Save")) == "⟦Šávé⟧"
    with spoken(language.MIRRORED):
        assert _("{n} of {all}", n=1, all=2) == "⟦1 öf 2⟧"


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("de_CH", "de"),
        ("DE", "de"),
        ("sv", "en"),
        ("tlh", "en"),
        ("", "en"),
        (None, "en"),
        ("../../etc", "en"),
        ("x" * 64, "en"),
    ],
)
def test_the_nearest_language_is_one_there_is(german, wanted, code):
    assert nearest(wanted) == code


def test_where_none_is_near_another_is_taken(german):
    assert [nearest(code, otherwise="de") for code in ("sv", None, "en-GB")] == ["de", "de", "en"]


def test_lines_begin_where_their_language_has_them_begin():
    assert [language.direction(code) for code in ("en", "de", "en-XA", "ar-XB", "ar")] == [
        "ltr",
        "ltr",
        "ltr",
        "rtl",
        "rtl",
    ]


# Gathering ----------------------------------------------------------------------------------


def test_gathering_keeps_what_is_said_drops_what_nobody_says_and_adds_what_is_new(
    german, tmp_path, monkeypatch
):
    code, page = tmp_path / "code.py", tmp_path / "templates" / "page.html"
    page.parent.mkdir()
    code.write_text(
        'A = later("Not said yet")\n'
        'B = [_("By {name}", name=f(g(_p("verb", "Open")))) for x in y]\n'
        '_n("{n} order of {name}", "{n} orders of {name}", 2, name=n)\n'
        'marks.rich("A long " "text")\n_(word)\n',
        encoding="utf-8",
    )
    page.write_text(
        "{{ draw.rich('Signed by {who}', who=marks.strong(_('you'))) }}{{ _n('one', 'many', 2) }}",
        encoding="utf-8",
    )
    monkeypatch.setattr(catalogs, "APP", tmp_path)

    app = Flask("texts")
    app.cli.add_command(texts)
    told = app.test_cli_runner().invoke(args=["texts", "gather"]).output
    written = german.read_text(encoding="utf-8")
    list(catalogs.gather())

    assert german.read_text(encoding="utf-8") == written
    assert told == "de messages: 8 texts, 5 missing\n"
    assert sorted(catalogs.missing(catalogs.read(german))) == [
        "A long text",
        "Not said yet",
        "Signed by {who}",
        "one",
        "you",
    ]
    assert "Sichern" not in written
    assert str(tmp_path) not in written
    assert "code.py" not in written
    with spoken("de"):
        assert (_p("verb", "Open"), _("By {name}", name="Ada")) == ("Öffnen", "Von Ada")


# The catalogs there are ---------------------------------------------------------------------


def facts(text: str) -> set[str]:
    """Return the names in braces."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def calls_of(path: Path) -> Iterator[tuple[int, str, list[object], set[str] | None]]:
    """Return every call by name: its line, its words, and the names it hands over, if all tell."""
    if path.suffix == ".py":
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call):
                name = getattr(call.func, "id", None) or getattr(call.func, "attr", "")
                said = [getattr(word, "value", None) for word in call.args]
                names = {word.arg for word in call.keywords}
                yield call.lineno, name, said, None if None in names else names
        return
    for call in Environment().parse(path.read_text(encoding="utf-8")).find_all(nodes.Call):  # noqa: S701 - it is only read
        name = getattr(call.node, "attr", None) or getattr(call.node, "name", "")
        said = [getattr(word, "value", None) for word in call.args]
        yield call.lineno, name, said, None if call.dyn_kwargs else {w.key for w in call.kwargs}


def test_every_text_is_handed_the_facts_it_names():
    wrong = []
    for path in [*catalogs.APP.rglob("*.py"), *catalogs.APP.rglob("templates/**/*.html")]:
        for line, name, said, names in calls_of(path):
            texts = [t for t in said[:2] if isinstance(t, str)][-1:]
            # A text without facts may be filled in later.
            if name not in {"_", "_n", "_p", "rich"} or not texts or not names:
                continue
            needed = facts(texts[0]) - ({"n"} if name == "_n" else set())
            if needed != names:
                wrong.append(f"{path.relative_to(catalogs.APP)}:{line} {needed ^ names}")

    assert wrong == []


@pytest.mark.parametrize(
    ("domain", "path"), ALL, ids=lambda part: getattr(part, "parts", [part])[-3:]
)
def test_what_a_catalog_says_has_the_facts_of_what_it_says_it_of(domain, path):
    wrong = []
    for message in catalogs.read(path):
        many = message.id if isinstance(message.id, str) else message.id[-1]
        for said in filter(None, catalogs.strings(message)):
            # One of something need not name its number.
            left_out = facts(many) ^ facts(said)
            if message.id and left_out - ({"n"} if message.pluralizable else set()):
                wrong.append((said, left_out))

    assert wrong == []


@pytest.mark.parametrize("code", set(available(MAILS)) - {"en"})
def test_mails_are_complete_in_every_language(code):
    [path] = [path for path in catalogs.paths(MAILS) if path.parts[-3] == code]
    assert lacking(MAILS, path) == []


def test_pages_are_complete_in_german():
    [path] = [path for path in catalogs.paths(PAGES) if path.parts[-3] == "de"]
    lacks = lacking(PAGES, path)

    assert lacks == [], f"{len(lacks)} texts; `flask texts gather` writes them down"


def lacking(domain: str, path: object) -> list[str]:
    """Return the texts that a catalog does not say, or does not even know."""
    catalog = catalogs.read(path)
    wanted = {(catalogs.first(m), m.context) for m in catalogs.templates()[domain] if m.id}
    missing = set(catalogs.missing(catalog))
    known = {(catalogs.first(m), m.context) for m in catalog if m.id}
    return sorted(
        text for text, context in wanted if (text, context) not in known or text in missing
    )
