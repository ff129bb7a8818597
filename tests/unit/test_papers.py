"""Papers say what they should, in every script, and a reader reads their codes (S50)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from app.documents import gift, label, manifest, receipt, slip
from app.documents.bidi import visual
from app.documents.contract import Handed, Item, Manifest, Parcel, Price, Receipt
from app.documents.label_zpl import zpl
from app.documents.paper import Paper, clean, paragraphs, spaced, wrapped
from simulator.numbers import fedex_number
from tests.handing import UPS, codes, pages

IMAGE = "<img src=file:///etc/passwd>"
OVERRIDE = "\u202eEVIL\u202c"
PARCEL = Parcel(
    reference="PK-7K2M9QX4TD",
    number=1,
    total=2,
    work="FO-7K2M9QX4TD",
    order="A-1001",
    marketplace="Onward",
    vendor="Kiln & Co.",
    sender=("Main", "211 34 Malmö", "SE"),
    recipient=("Ada Lind", "Storgatan 1", "211 34 Malmö", "SE"),
    link="https://www.fedex.com/fedextrack/?trknbr=700000000010",
    items=(Item(2, "Mug, red", "MUG-RED", "glaze: sand"),),
    service="standard",
    day=date(2026, 11, 26),
    carrier="UPS",
    tracking_number=UPS,
    weight_g=1250,
)


def drawn(draw: Any, *facts: Any, **more: Any) -> bytes:
    paper = Paper("Test", "Onward")
    draw(paper, *facts, **more)
    return paper.pdf()


def words(content: bytes) -> str:
    """Return the words of a file as they are read, forms of letters put back to letters."""
    return unicodedata.normalize("NFKC", re.sub(r"\s+", " ", " ".join(pages(content))))


# Labels -------------------------------------------------------------------------------------


def test_a_label_says_who_where_and_what_and_nothing_else() -> None:
    said = words(drawn(label.draw, PARCEL)).strip()

    assert said == (
        "From Kiln & Co. Main 211 34 Malmö SE Onward STANDARD promised Thu, Nov 26 To Ada Lind"
        " Storgatan 1 211 34 Malmö SE UPS 1Z5R 8939 0357 5671 27 Order A-1001 FO-7K2M9QX4TD"
        " Parcel 1 of 2 1.25 kg https://www.fedex.com/fedextrack/? trknbr=700000000010"
        " PK-7K2M9QX4TD NOT A CARRIER LABEL"
    )


@pytest.mark.parametrize(
    "number",
    [
        UPS,
        fedex_number(1),
        "9400111201080805483016",
        "4201002334249200190132607600833457",
        "JJD000390007882811024",
        "RB123456785US",
        "A" * 26,
    ],
)
def test_every_code_of_a_label_is_read_at_the_dots_of_its_printer(number: str) -> None:
    content = drawn(label.draw, replace(PARCEL, tracking_number=number))

    expected = [("Code128", number), ("Code128", PARCEL.reference), ("QRCode", PARCEL.link)]
    assert codes(content) == sorted(expected)


def test_a_label_without_a_number_says_so_and_has_no_code_for_it() -> None:
    content = drawn(label.draw, replace(PARCEL, tracking_number=""))

    assert "Carrier and number: not known yet" in words(content)
    assert codes(content) == [("Code128", PARCEL.reference), ("QRCode", PARCEL.link)]


def test_a_number_too_long_for_bars_that_can_be_read_stands_in_words() -> None:
    content = drawn(label.draw, replace(PARCEL, tracking_number="A" * 40))

    assert "AAAA AAAA AAAA" in words(content)
    assert codes(content) == [("Code128", PARCEL.reference), ("QRCode", PARCEL.link)]
    assert f"^FD{'A' * 40}^FS" not in zpl(replace(PARCEL, tracking_number="A" * 40))


@pytest.mark.parametrize("code", ["a-1", "A 1", "", "Ä", "A" * 41, "1\n2", "^XZ"])
def test_a_code_that_is_none_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="is nothing for a bar code"):
        drawn(label.draw, replace(PARCEL, reference=code))


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        (IMAGE, IMAGE),
        (f"Ada {OVERRIDE}Lind", "Ada EVILLind"),
        ("Zażółć Gęślą Jaźń", "Zażółć Gęślą Jaźń"),
        ("王小明", "王小明"),
        ("東京カフェ", "東京カフェ"),
        ("김철수", "김철수"),
        ("محمد علي", "محمد علي"),
        ("דוד לוי", "דוד לוי"),
        ("Ada 😀 Lind", "Ada □ Lind"),
        ("Ada\x00\x1b[31m\nLind", "Ada[31m Lind"),
        ("A\u0301da", "Áda"),
        ("%s {0} \\n %%EOF <b>", "%s {0} \\n %%EOF <b>"),
    ],
)
def test_names_of_every_kind_are_printed_as_they_are_read(name: str, printed: str) -> None:
    content = drawn(label.draw, replace(PARCEL, recipient=(name, "Storgatan 1")))

    assert unicodedata.normalize("NFKC", printed) in words(content)
    assert ("Code128", PARCEL.reference) in codes(content)


@pytest.mark.parametrize("name", ["x" * 10_000, "word " * 2_000, "王" * 10_000, "ي" * 10_000])
def test_what_is_far_too_long_is_cut_and_breaks_nothing(name: str) -> None:
    recipient = (name, name, name, "211 34 Malmö", "SE")
    parcel = replace(PARCEL, recipient=recipient, order=name, vendor=name, service=name)
    content = drawn(label.draw, parcel)

    assert len(pages(content)) == 1
    # The sign of what is cut, as three points.
    assert "..." in words(content)
    assert ("Code128", PARCEL.reference) in codes(content)


def test_the_same_facts_are_the_same_bytes() -> None:
    assert drawn(label.draw, PARCEL) == drawn(label.draw, PARCEL)


# ZPL ----------------------------------------------------------------------------------------


def test_a_label_in_zpl_holds_the_same_and_no_command_of_others() -> None:
    evil = "^XZ^XA~JR\\&^FDpwned"
    commands = zpl(replace(PARCEL, recipient=(evil, "王小明 Łódź", "SE"), vendor=evil))

    assert commands.startswith("^XA^CI28")
    assert (commands.count("^XA"), commands.count("^XZ"), commands.count("~")) == (1, 1, 0)
    assert "XZ XA JR & FDpwned^FS" in commands
    for said in (f"^FD{UPS}^FS", "^FDPK-7K2M9QX4TD^FS", "王小明 Łódź", "^FDNOT A CARRIER LABEL^FS"):
        assert said in commands
    assert f"^FDMA,{PARCEL.link}^FS" in commands


@given(some.text(max_size=60))
def test_no_text_ends_a_field_of_zpl(name):
    commands = zpl(replace(PARCEL, recipient=(name, name)))

    plain = zpl(replace(PARCEL, recipient=()))
    extra = 2 * bool(clean(name).translate({94: " ", 126: " ", 92: " "}).strip())
    assert commands.count("^FS") == plain.count("^FS") + extra


# Slips, receipts, notes, manifests ------------------------------------------------------------


def test_a_slip_names_what_is_in_the_parcel_and_no_price() -> None:
    two = drawn(slip.draw, PARCEL, "a4", 2)

    first, second = pages(two)
    for page, copy in ((first, "copy 1 of 2"), (second, "copy 2 of 2")):
        said = re.sub(r"\s+", " ", page)
        assert copy in said
        assert "2 Mug, red (glaze: sand) MUG-RED" in said
        assert "2 units in this parcel." in said
    assert "€" not in first


@pytest.mark.parametrize("size", ["a4", "letter", "label"])
def test_a_long_slip_goes_on_and_every_page_says_of_what(size: str) -> None:
    items = tuple(Item(1, f"Thing {n}", f"SKU-{n}") for n in range(120))

    found = pages(drawn(slip.draw, replace(PARCEL, items=items), size))

    assert len(found) > 1
    assert all("A-1001" in page and "Packing slip" in page for page in found)
    assert all(f"Thing {n}" in " ".join(found) for n in range(120))
    assert f"page {len(found)}" in found[-1]


def test_a_return_slip_asks_why_and_has_its_code() -> None:
    content = drawn(slip.draw_return, PARCEL, "letter")

    assert "Why does it come back? It is damaged" in words(content)
    assert codes(content) == [("Code128", PARCEL.reference)]


def test_a_receipt_adds_up() -> None:
    lines = (Price(2, "Mug", "MUG", 1250, 100), Price(1, IMAGE, "X", 999))
    facts = Receipt("A-1", date(2026, 11, 20), "Onward", "Kiln", ("Ada Lind",), "EUR", lines)

    said = words(drawn(receipt.draw, facts, "a4"))

    assert "2 Mug (MUG) €12.50 €25.00" in said
    assert "Sending it €1.00" in said
    assert "Total: €35.99" in said
    assert IMAGE in said


def test_a_gift_note_is_the_message_and_where_it_is_from() -> None:
    said = words(drawn(gift.draw, "Happy birthday!\n\n\u202eGrattis 🎉", "Onward", "a4"))

    assert said.strip() == "Happy birthday! Grattis □ Onward"
    assert len(pages(drawn(gift.draw, "word " * 5_000, "Onward", "label"))) == 1


def test_a_manifest_counts_and_weighs() -> None:
    parcels = tuple(
        Handed(f"SH-{n}", f"A-{n}", fedex_number(n), "Malmö SE", "14:02", None if n % 2 else 500)
        for n in range(60)
    )
    content = drawn(
        manifest.draw, Manifest("Kiln", "Main", "FedEx", date(2026, 11, 23), parcels), "a4"
    )

    said = words(content)
    assert "60 parcels, 15.00 kg, 30 of them weighed" in said
    assert all(fedex_number(n) in said for n in range(60))
    assert "For the carrier: name, time" in said


# Words --------------------------------------------------------------------------------------


@settings(max_examples=200)
@given(some.text(max_size=300))
def test_clean_words_are_one_line_without_signs_that_nobody_sees(text):
    line = clean(text, 50)

    assert len(line) <= 50
    assert clean(line, 50) == line
    assert not [c for c in line if unicodedata.category(c)[0] == "C" or c in "\r\n\t"]


@given(some.text("abc \u05d0\u0628\u06441(-", max_size=40))
def test_a_line_as_it_is_drawn_has_the_signs_it_was_written_with(text):
    brackets = str.maketrans("(", ")")
    shown = unicodedata.normalize("NFKC", visual(text)).translate(brackets)

    assert sorted(shown) == sorted(text.translate(brackets))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Storgatan 1", "Storgatan 1"),
        ("שלום 12", "12 םולש"),
        ("Anna שלום", "Anna םולש"),
        ("שלום Anna x", "Anna x םולש"),
        ("12/3 רחוב", "בוחר 12/3"),
        ("לא (ב)", "(ב) אל"),
    ],
)
def test_what_runs_to_the_left_is_drawn_from_the_right(text: str, shown: str) -> None:
    assert visual(text) == shown


def test_words_are_wrapped_where_they_fit_and_cut_where_they_are_too_many() -> None:
    assert wrapped("one two three", 10, 50) == ["one two", "three"]
    assert wrapped("one two three", 10, 50, most=1) == ["one t…"]
    assert "".join(wrapped("x" * 100, 10, 50)) == "x" * 100
    assert paragraphs("a\n\n b \n") == ["a", "b"]
    assert spaced("123456789012345678") == "1234 5678 9012 3456 78"
