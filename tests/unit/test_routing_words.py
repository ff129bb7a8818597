"""What a decision says to a vendor and a customer: no more than its facts show."""

from __future__ import annotations

from typing import Any

import pytest

from app.routing.words import for_customer, for_vendor

DAYS = {"kiln": "2026-11-26", "fjord": "2026-11-27", "ridge": "2026-11-30"}
NO_PLACE = "because no single place can send all of it at once"


def part(vendor: str = "kiln", place: str = "main", **changes: Any) -> dict[str, Any]:
    told = {"line": "1", "vendor": vendor, "place": place, "units": 1, "arrives": DAYS[vendor]}
    return told | changes


def facts(*chosen: dict[str, Any], **changes: Any) -> dict[str, Any]:
    places = {(one["vendor"], one["place"], one.get("waits_until")) for one in chosen}
    known = {"parcels": len(places), "unfilled": 0, "is_whole": True, "one_place": False}
    return {"strategy": "balanced", "chosen": list(chosen)} | known | changes


def older(*chosen: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"strategy": "balanced", "chosen": list(chosen), "unfilled": 0} | changes


ONE = (part(), part(line="2"))
TWO = (part(), part("fjord", line="2"))
BOUGHT_IN = (part(), part(line="2", waits_until="2026-12-01"))


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (facts(*ONE), "All of it comes from one place and should be with you by Thu, Nov 26."),
        (
            facts(*ONE, is_whole=False),
            "Part of it comes from one place and should be with you by Thu, Nov 26.",
        ),
        (
            facts(*ONE, unfilled=2, is_whole=False),
            "Part of it comes from one place and should be with you by Thu, Nov 26.",
        ),
        (
            facts(*TWO),
            f"It comes in 2 parcels, {NO_PLACE}; the last one by Fri, Nov 27.",
        ),
        (facts(*TWO, one_place=True), "It comes in 2 parcels, the last one by Fri, Nov 27."),
        (
            facts(*TWO, is_whole=False),
            "Part of it comes in 2 parcels, the last one by Fri, Nov 27.",
        ),
        (
            facts(*BOUGHT_IN, one_place=True),
            "It comes in 2 parcels, the last one by Thu, Nov 26.",
        ),
        (facts(), None),
        # What an older record does not tell is not said.
        (older(*ONE), "One parcel should be with you by Thu, Nov 26."),
        (older(*TWO), "2 parcels should be with you, the last one by Fri, Nov 27."),
        (
            older(*ONE, unfilled=1),
            "Part of it comes from one place and should be with you by Thu, Nov 26.",
        ),
        (older(*[part(line=str(n)) for n in range(12)]), None),
    ],
)
def test_a_customer_reads_only_what_the_facts_show(known, said):
    assert for_customer(known) == said


@pytest.mark.parametrize(
    ("strategy", "mattered"),
    [
        ("balanced", " Price, time, standing and parcels were weighed."),
        ("cheapest", " The least money mattered."),
        ("fastest", " The earliest arrival mattered."),
        ("fewest_parcels", " As few parcels as can be mattered."),
        ("of another release", ""),
    ],
)
def test_a_vendor_reads_its_own_day_and_what_mattered(strategy, mattered):
    said = for_vendor(facts(*TWO, strategy=strategy), "kiln")

    assert said == f"You were chosen: from you it could be there on Thu, Nov 26.{mattered}"


def test_a_vendor_reads_of_one_place_what_that_place_was_given():
    known = facts(part(), part(place="north", arrives="2026-12-01"))

    days = [for_vendor(known, "kiln", place) for place in ("main", "north", "south", None)]

    assert [day and day.split(". ")[0].rpartition(" on ")[2] for day in days] == [
        "Thu, Nov 26",
        "Tue, Dec 1",
        None,
        "Tue, Dec 1",
    ]


def test_a_vendor_that_was_given_it_by_hand_reads_so():
    moved = facts(part(), by_hand={"by": "Imani", "reason": "closer", "from": "FO-1"})

    assert for_vendor(moved, "kiln") == "The marketplace gave it to you by hand."
    assert for_vendor(moved, "fjord") is None
