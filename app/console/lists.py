"""The lists of escalations, offers and messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Row

from app.console import cases, list_queries, page
from app.console.case_lists import ESCALATIONS_SPEC
from app.console.list_queries import MESSAGES, OFFERS
from app.console.page import blueprint
from app.doors.guard import may
from app.lists import page as lists
from app.lists import saved
from app.lists.asked import asked
from app.lists.spec import Choice, Column, Days, ListSpec, Options, Sort, register
from app.notifications.texts import compose
from app.policies import marketplace
from app.shared.money import Money
from app.shared.work import OPS, transaction
from app.web import words
from app.web.paging import Key, link
from app.web.words import plain

AUDIENCES = {"customer": "to the customer", "vendor": "to the vendor", "ops": "to ops"}
ORDERS = "/console/orders/"


@dataclass(frozen=True, slots=True)
class Around:
    """What is known of a list beside its rows: numbers of its own tabs, and its head's sentence."""

    counts: Mapping[str, int]
    summary: Mapping[str, Any]


def _listed(
    spec: ListSpec, template: str, around: Callable[[Row[Any]], Around]
) -> ResponseReturnValue:
    of = asked(spec, request.args)
    with transaction(OPS) as now:
        numbers = page.numbers(spec.name)
        frame = page.shell(numbers, now)
        views = saved.of(numbers.views, current_user)
        opens_with = lists.opening(of, views, current_user)
        loaded = lists.load(of, current_user, now, ZoneInfo(words.zone_name()))
        beside = around(numbers)
        shown = lists.frame(of, views, current_user, beside.counts)
    if opens_with:
        return redirect(opens_with)
    return render_template(
        template,
        **frame,
        list=shown,
        rows=loaded.rows,
        page=loaded.pager,
        summary=beside.summary,
    )


@blueprint.get("/escalations")
def escalations() -> ResponseReturnValue:
    """Show who must own what, and who is told next."""
    return _listed(ESCALATIONS_SPEC, "console/escalations.html", _escalations)


def _escalations(numbers: Row[Any]) -> Around:
    owned = numbers.escalations - numbers.nobody
    counts = {"open": numbers.escalations, "nobody": numbers.nobody, "owned": owned}
    return Around(counts, {"open": numbers.escalations, "nobody": numbers.nobody})


# Offers --------------------------------------------------------------------------------------


def show_offer(row: Row[Any], _now: datetime) -> dict[str, Any]:
    """Return an offer as its list has it."""
    return offer(row) | {
        "reference": row.reference,
        "order_number": row.number,
        "order_href": ORDERS + row.order_reference,
        "customer": row.customer,
        "made": row.made_at,
    }


def offer(row: Row[Any]) -> dict[str, Any]:
    """Return an offer in words, as its list and its order show it."""
    return {
        "status": row.status,
        "amount": (row.amount_minor, row.currency),
        "what": row.remedy,
        "sentence": _because(row),
        "rule": f"{words.rule(row.rule)}, {cases.policy('compensation', row.policy_version)}",
        "expires": None,
        "moves": [],
    }


def _because(row: Row[Any]) -> str:
    days, freight, items = (row.facts.get(k) for k in ("days_late", "freight_minor", "items_minor"))
    late = "It has not come." if days is None else f"It came {words.count(days, 'day')} late."
    goods, sent = words.money((items, row.currency)), words.money((freight, row.currency))
    ended = f" {words.plain(row.end_reason)}." if row.end_reason else ""
    return f"{late} The customer paid {goods} for the goods and {sent} freight.{ended}"


def _amount(row: Mapping[str, Any]) -> list[tuple[str, object]]:
    return [("Amount", Money(*row["amount"]).decimal()), ("Currency", row["amount"][1])]


OFFERS_SPEC = register(
    ListSpec(
        name="offers",
        endpoint="console.offers",
        nouns=("offer", "offers"),
        columns=(
            Column("status", "Status", lambda r: [("Status", plain(r["status"]))]),
            Column(
                "offer",
                "What and why",
                lambda r: [
                    ("Offer", r["reference"]),
                    ("Order", r["order_number"]),
                    ("Customer", r["customer"]),
                    ("Why", r["sentence"]),
                    ("Rule", r["rule"]),
                ],
                is_fixed=True,
            ),
            Column("made", "Made", lambda r: [("Made", r["made"])], look="mid"),
            Column("amount", "Amount", _amount, look="num"),
        ),
        filters=(Days("made", "Made", "f.made_at", is_prominent=True),),
        sorts={
            "newest": Sort("Newest first", "f.made_at", newest_first=True),
            "oldest": Sort("Oldest first", "f.made_at"),
        },
        views=OFFERS,
        ids="SELECT f.id FROM compensation_offers f WHERE {where}",
        fetch=list_queries.offers,
        key=lambda row, _sort: Key(row.made_at, row.id),
        show=show_offer,
    )
)


@blueprint.get("/offers")
def offers() -> ResponseReturnValue:
    """Show what was proposed to give back, and what became of it."""
    return _listed(OFFERS_SPEC, "console/offers.html", _offers)


def _offers(_numbers: Row[Any]) -> Around:
    sums = list_queries.offer_sums()
    # Sums of two currencies mean nothing.
    at_stake = (sums.minor, sums.currency) if sums.currencies == 1 else None
    counts = {name: getattr(sums, name) for name in OFFERS}
    return Around(counts, {"offered": sums.offered, "sum": at_stake})


# Messages ------------------------------------------------------------------------------------


def show_message(row: Row[Any], _now: datetime) -> dict[str, Any]:
    """Return a message as its list has it."""
    return message(row) | {
        "id": row.id,
        "cause": f"{plain(row.template)}, {AUDIENCES[row.audience]}",
        "order_number": row.number,
        "order_href": ORDERS + row.order_reference,
        "attempts": row.attempts,
        "sentence": row.last_error,
        "moves": close_moves(row.letter_id, link(request.path, request.args)),
    }


def message(row: Row[Any]) -> dict[str, Any]:
    """Return a message in words, as its list and its order show it."""
    return {
        "status": row.status,
        "channel": row.channel,
        "to": row.recipient,
        "subject": _subject(row),
        "at": row.sent_at or row.due_at,
    }


def _subject(row: Row[Any]) -> str:
    try:
        return compose(row.template, row.facts, marketplace.current().document.name).subject
    except KeyError:
        # Facts of an older release: the row is shown all the same.
        return words.plain(row.template)


def close_moves(letter_id: int | None, onward: str) -> list[dict[str, Any]]:
    """Return the move that says a person has dealt with a dead letter."""
    if letter_id is None or not may("console.close_dead_letter"):
        return []
    url = url_for("console.close_dead_letter", letter_id=letter_id)
    return [{"label": "Dealt with", "url": url, "fields": {"seen": "", "next": onward}}]


def _audiences() -> Options:
    return [(name, plain(word)) for name, word in AUDIENCES.items()]


MESSAGES_SPEC = register(
    ListSpec(
        name="messages",
        endpoint="console.messages",
        nouns=("message", "messages"),
        columns=(
            Column("status", "Status", lambda r: [("Status", plain(r["status"]))]),
            Column(
                "message",
                "Message",
                lambda r: [
                    ("Subject", r["subject"]),
                    ("Order", r["order_number"]),
                    ("Cause", r["cause"]),
                    ("Tries", r["attempts"]),
                ],
                is_fixed=True,
            ),
            Column("to", "To", lambda r: [("Channel", r["channel"]), ("To", r["to"])], look="mid"),
            Column("at", "When", lambda r: [("When", r["at"])]),
        ),
        filters=(
            Choice(
                "audience", "To whom", "n.audience = ANY(:audience)", _audiences, is_prominent=True
            ),
            Days("made", "Made", "n.made_at", is_prominent=True),
        ),
        sorts={
            "newest": Sort("Newest first", "n.made_at", newest_first=True),
            "oldest": Sort("Oldest first", "n.made_at"),
        },
        views=MESSAGES,
        ids="SELECT n.id FROM notifications n WHERE n.order_id IS NOT NULL AND {where}",
        fetch=list_queries.messages,
        key=lambda row, _sort: Key(row.made_at, row.id),
        show=show_message,
    )
)


@blueprint.get("/messages")
def messages() -> ResponseReturnValue:
    """Show what was said to whom, and what may not have arrived."""
    return _listed(MESSAGES_SPEC, "console/messages.html", _messages)


def _messages(numbers: Row[Any]) -> Around:
    counts = {name: getattr(numbers, name) for name in ("queued", "uncertain", "failed")}
    return Around(counts, counts)
