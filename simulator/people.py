"""Customers nobody has ever met: their names, and towns and streets they could live in."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass
from typing import NamedTuple

# What Unicode does not take apart into a letter and its mark.
PLAIN = str.maketrans("łŁøØı", "lLoOi", "") | {ord("ß"): "ss", ord("æ"): "ae"}
HIGHEST_NUMBER = 120


class Town(NamedTuple):
    """A town with one of its postal codes."""

    city: str
    region: str | None
    postal_code: str
    zone: str


@dataclass(frozen=True, slots=True)
class Country:
    """What people of a country are called, and how they write an address."""

    code: str
    locale: str
    given: tuple[str, ...]
    family: tuple[str, ...]
    streets: tuple[str, ...]
    towns: tuple[Town, ...]


class Person(NamedTuple):
    """A customer at home."""

    id: str
    name: str
    email: str
    locale: str
    line1: str
    town: Town
    country: str


COUNTRIES = (
    Country(
        "SE",
        "sv",
        ("Ada", "Björn", "Åsa", "Nils", "Freja", "Östen"),
        ("Lind", "Sjöberg", "Åkesson", "Öberg", "Nyström"),
        ("Storgatan {}", "Södra Vägen {}", "Ängsgatan {}"),
        (
            Town("Malmö", None, "211 34", "Europe/Stockholm"),
            Town("Göteborg", None, "411 03", "Europe/Stockholm"),
            Town("Umeå", None, "903 26", "Europe/Stockholm"),
        ),
    ),
    Country(
        "DE",
        "de",
        ("Jürgen", "Käthe", "Lena", "Emre", "Sören", "Mia"),
        ("Groß", "Müller", "Yılmaz", "Schröder", "Weiß"),  # noqa: RUF001 - a name, written so
        ("Lindenstraße {}", "Am Mühlenbach {}", "Goethestraße {}"),
        (
            Town("München", None, "80331", "Europe/Berlin"),
            Town("Köln", None, "50667", "Europe/Berlin"),
            Town("Görlitz", None, "02826", "Europe/Berlin"),
        ),
    ),
    Country(
        "NO",
        "nb",
        ("Øyvind", "Ingrid", "Håkon", "Sunniva"),
        ("Bjørnstad", "Hansen", "Sæther", "Ødegård"),
        ("Kirkegata {}", "Nordre Fjordvei {}"),
        (
            Town("Tromsø", None, "9008", "Europe/Oslo"),
            Town("Oslo", None, "0150", "Europe/Oslo"),
        ),
    ),
    Country(
        "FR",
        "fr",
        ("Chloé", "François", "Zoé", "Amélie", "Loïc"),
        ("Lefèvre", "Garçon", "Moreau", "Benoît", "Diallo"),
        ("{} rue de l'Église", "{} avenue Jean-Jaurès", "{} quai de la Fosse"),
        (
            Town("Nîmes", None, "30000", "Europe/Paris"),
            Town("Lyon", None, "69003", "Europe/Paris"),
            Town("Besançon", None, "25000", "Europe/Paris"),
        ),
    ),
    Country(
        "PT",
        "pt",
        ("João", "Inês", "Simão", "Conceição"),
        ("Araújo", "Magalhães", "Pires", "Falcão"),
        ("Rua da Alegria {}", "Travessa de São João {}"),
        (
            Town("Évora", None, "7000-508", "Europe/Lisbon"),
            Town("Lisboa", None, "1100-053", "Europe/Lisbon"),
        ),
    ),
    Country(
        "PL",
        "pl",
        ("Łukasz", "Małgorzata", "Zdzisław", "Róża"),
        ("Wójcik", "Dąbrowska", "Kowal", "Żak"),
        ("ul. Świętojańska {}", "ul. Długa {}"),
        (
            Town("Łódź", None, "90-001", "Europe/Warsaw"),
            Town("Gdańsk", None, "80-831", "Europe/Warsaw"),
        ),
    ),
    Country(
        "GB",
        "en-GB",
        ("Niamh", "Oliver", "Priya", "Zadie"),
        ("O'Connor", "Ashworth", "Patel", "Okafor"),
        ("{} Harbour Row", "{} Mill Lane", "Flat {}, The Maltings"),
        (
            Town("Leeds", None, "LS1 4AP", "Europe/London"),
            Town("Bristol", None, "BS1 5TR", "Europe/London"),
        ),
    ),
    Country(
        "US",
        "en-US",
        ("Marisol", "Dwayne", "Hannah", "Tomás", "Grace"),
        ("Nuñez", "Whitaker", "Nguyen", "Freeman", "Kowalski"),
        ("{} Elm Street", "{} Sycamore Avenue", "{} Old Mill Road"),
        (
            Town("Portland", "OR", "97205", "America/Los_Angeles"),
            Town("Chicago", "IL", "60607", "America/Chicago"),
            Town("Brooklyn", "NY", "11215", "America/New_York"),
        ),
    ),
    Country(
        "JP",
        "ja",
        ("花子", "健太", "美咲"),
        ("佐藤", "鈴木", "高橋"),
        ("中央区銀座{}丁目", "北区桜町{}番地"),
        (
            Town("東京都", None, "104-0061", "Asia/Tokyo"),
            Town("札幌市", None, "060-0042", "Asia/Tokyo"),
        ),
    ),
)
TOWNS = {(c.code, town.city): town for c in COUNTRIES for town in c.towns}
# Near the vendors there are more of them.
WEIGHTS = (6, 7, 3, 5, 3, 2, 4, 4, 1)


def somebody(chance: random.Random) -> Person:
    """Return a customer; who comes again has the same name and e-mail address."""
    country = chance.choices(COUNTRIES, WEIGHTS)[0]
    given, family = chance.choice(country.given), chance.choice(country.family)
    spot = country.given.index(given) * len(country.family) + country.family.index(family)
    key = f"C-{country.code}{spot:03d}"
    # A customer's home stays where it is.
    street = country.streets[spot % len(country.streets)]
    return Person(
        id=key,
        name=f"{family} {given}" if country.code == "JP" else f"{given} {family}",
        email=f"{mailbox_name(given, family) or key.lower()}@example.org",
        locale=country.locale,
        line1=street.format(spot * 7 % HIGHEST_NUMBER + 1),
        town=country.towns[spot % len(country.towns)],
        country=country.code,
    )


def mailbox_name(given: str, family: str) -> str:
    """Return what a name is in an e-mail address; nothing where no letter of it is Latin."""
    return ".".join(filter(None, (_letters(given), _letters(family))))


def _letters(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.translate(PLAIN))
    return "".join(letter for letter in plain if letter.isascii() and letter.isalpha()).lower()
