from __future__ import annotations

from uuid import UUID

import pytest

from app.shared.errors import InvalidInput
from app.threads import rules
from app.threads.contract import Known
from app.threads.rules import Piece

PEOPLE = [
    Known(UUID(int=1), "Imani Brooks", "ops_agent"),
    Known(UUID(int=2), "Jonas Weber", "ops_lead"),
    Known(UUID(int=3), "Jonas Berg", "ops_agent"),
    Known(UUID(int=4), "Mary Ann", "ops_agent"),
    Known(UUID(int=5), "Mary Ann O'Hara", "ops_agent"),
    Known(UUID(int=6), "Élodie Petit", "vendor_staff", UUID(int=9)),
]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("@Imani Brooks, look", ["Imani Brooks"]),
        ("look @imani", ["Imani Brooks"]),
        ("(@IMANI BROOKS)", ["Imani Brooks"]),
        ("@élodie and @Imani", ["Élodie Petit", "Imani Brooks"]),
        ("@Jonas Weber not the other", ["Jonas Weber"]),
        ("@Mary Ann O'Hara is meant", ["Mary Ann O'Hara"]),
        ("@Mary Ann is meant", ["Mary Ann"]),
        ("@Imani and again @Imani Brooks", ["Imani Brooks"]),
        ("write to ada@imani.example", []),
        ("@imanis shop", []),
        ("@ Imani", []),
        ("nobody", []),
    ],
)
def test_a_name_after_an_at_is_whoever_is_called_so(body: str, named: list[str]) -> None:
    assert [person.name for person in rules.mentions(body, PEOPLE).people] == named


def test_a_first_name_of_two_people_is_nobodys_and_is_told() -> None:
    found = rules.mentions("@Jonas and @nobody and @Jonas", PEOPLE)

    assert (found.people, found.ambiguous, found.unknown) == ((), ("@Jonas",), ("@nobody",))


def test_two_people_of_one_full_name_are_not_guessed_between() -> None:
    twins = [Known(UUID(int=n), "Bo Ek", "ops_agent") for n in (1, 2)]

    assert rules.mentions("@Bo Ek", twins).ambiguous == ("@Bo Ek",)


def test_a_text_keeps_its_lines_and_loses_what_cannot_be_seen() -> None:
    assert rules.clean("\r\n one\r\ntwo \x07\u202e\n\n three\n\n") == " one\ntwo\n\n three"


@pytest.mark.parametrize(
    ("body", "photos", "field"), [("", 0, "body"), (" \n ", 0, "body"), ("x" * 4001, 1, "body")]
)
def test_a_note_that_says_nothing_or_too_much_is_refused(
    body: str, photos: int, field: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        rules.require_note(body, photos)

    assert list(refusal.value.fields) == [field]


@pytest.mark.parametrize(("body", "photos"), [("x" * 4000, 0), ("", 1)])
def test_a_full_page_or_a_photo_alone_is_a_note(body: str, photos: int) -> None:
    rules.require_note(body, photos)


def test_names_of_those_who_are_told_stand_apart_in_the_text() -> None:
    text = "Hi @imani, @Imani Brooks; @Jonas a@imani.example"

    assert rules.pieces(text, ["Imani Brooks"]) == [
        Piece("Hi "),
        Piece("@imani", is_name=True),
        Piece(", "),
        Piece("@Imani Brooks", is_name=True),
        Piece("; @Jonas a@imani.example"),
    ]
    assert rules.pieces("plain", []) == [Piece("plain")]
