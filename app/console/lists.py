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
from app.notifications.texts import compose, language_of
from app.policies import marketplace
from app.shared.language import _, _n, later
from app.shared.money import Money
from app.shared.work import OPS, transaction
from app.web import words
from app.web.paging import Key, link
from app.web.words import plain, small

AUDIENCES = {
    "customer": later("to the customer"),
    "vendor": later("to the vendor"),
    "ops": later("to ops"),
}
# What is said by its plain word: to whom messages go and what for, what is given back or not.
PLAIN = (
    later("To the customer"),
    later("To the vendor"),
    later("To ops"),
    later("Order received"),
    later("Order shipped"),
    later("Order late"),
    later("Order delivered"),
    later("Order canceled"),
    later("Compensation offered"),
    later("Work assigned"),
    later("Escalation step"),
    later("refund"),
    later("email"),
    later("The order was canceled"),
    later("Arrived in time"),
)
ORDERS = "/console/orders/"


@dataclass(frozen=True, slots=True)
class Around:
    """What is known of a list beside its rows: numbers of its own tabs, and its head's sentence."""

    counts: Mapping[str, int]
    summary: Mapping[str, Any]


def by_time(table: str, moment: str = "made_at") -> dict[str, Any]:
    """Return the orders of things that happened once, the newest first, and their places."""
    at = f"{table}.{moment}"
    return {
        "sorts": {
            "newest": Sort(later("Newest first"), at, newest_first=True),
            "oldest": Sort(later("Oldest first"), at),
        },
        "key": lambda row, _sort: Key(getattr(row, moment), row.id),
    }


def show_list(spec: ListSpec, around: Callable[[Row[Any]], Around]) -> ResponseReturnValue:
    """Return the page of a list, or lead to the view that it opens with."""
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
        f"console/{spec.name}.html",
        **frame,
        list=shown,
        rows=loaded.rows,
        page=loaded.pager,
        summary=beside.summary,
    )


@blueprint.get("/escalations")
def escalations() -> ResponseReturnValue:
    """Show who must own what, and who is told next."""
    return show_list(ESCALATIONS_SPEC, _escalations)


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
        "what": small(row.remedy),
        "sentence": _because(row),
        "rule": f"{words.rule(row.rule)}, {cases.policy('compensation', row.policy_version)}",
        "expires": None,
        "moves": [],
    }


def _because(row: Row[Any]) -> str:
    days, freight, items = (row.facts.get(k) for k in ("days_late", "freight_minor", "items_minor"))
    late = _("It has not come.")
    if days is not None:
        late = _n("It came {n} day late.", "It came {n} days late.", days)
    paid = _(
        "The customer paid {goods} for the goods and {freight} freight.",
        goods=words.money((items, row.currency)),
        freight=words.money((freight, row.currency)),
    )
    ended = [f"{plain(row.end_reason)}."] if row.end_reason else []
    return " ".join([late, paid, *ended])


def _amount(row: Mapping[str, Any]) -> list[tuple[str, object]]:
    return [("Amount", Money(*row["amount"]).decimal()), ("Currency", row["amount"][1])]


OFFERS_SPEC = register(
    ListSpec(
        name="offers",
        endpoint="console.offers",
        nouns=(later("offer"), later("offers")),
        columns=(
            Column("status", later("Status"), lambda r: [("Status", plain(r["status"]))]),
            Column(
                "offer",
                later("What and why"),
                lambda r: [
                    ("Offer", r["reference"]),
                    ("Order", r["order_number"]),
                    ("Customer", r["customer"]),
                    ("Why", r["sentence"]),
                    ("Rule", r["rule"]),
                ],
                is_fixed=True,
            ),
            Column("made", later("Made"), lambda r: [("Made", r["made"])], look="mid"),
            Column("amount", later("Amount"), _amount, look="num"),
        ),
        filters=(Days("made", later("Made"), "f.made_at", is_prominent=True),),
        views=OFFERS,
        ids="SELECT f.id FROM compensation_offers f WHERE {where}",
        fetch=list_queries.offers,
        show=show_offer,
        **by_time("f"),
    )
)


@blueprint.get("/offers")
def offers() -> ResponseReturnValue:
    """Show what was proposed to give back, and what became of it."""
    return show_list(OFFERS_SPEC, _offers)


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
        "cause": f"{plain(row.template)}, {_(AUDIENCES[row.audience])}",
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
        "channel": small(row.channel),
        "to": row.recipient,
        "subject": _subject(row),
        "at": row.sent_at or row.due_at,
    }


def _subject(row: Row[Any]) -> str:
    """Return a message's subject in the language it is sent in."""
    ours = marketplace.current().document
    spoken = language_of(row.facts, ours.languages[0])
    try:
        return compose(row.template, row.facts, ours.name, spoken).subject
    except KeyError:
        # Facts of an older release: the row is shown all the same.
        return plain(row.template)


def close_moves(letter_id: int | None, onward: str) -> list[dict[str, Any]]:
    """Return the move that says a person has dealt with a dead letter."""
    if letter_id is None or not may("console.close_dead_letter"):
        return []
    url = url_for("console.close_dead_letter", letter_id=letter_id)
    return [{"label": _("Dealt with"), "url": url, "fields": {"seen": "", "next": onward}}]


def _audiences() -> Options:
    return [(name, plain(word)) for name, word in AUDIENCES.items()]


MESSAGES_SPEC = register(
    ListSpec(
        name="messages",
        endpoint="console.messages",
        nouns=(later("message"), later("messages")),
        columns=(
            Column("status", later("Status"), lambda r: [("Status", plain(r["status"]))]),
            Column(
                "message",
                later("Message"),
                lambda r: [
                    ("Subject", r["subject"]),
                    ("Order", r["order_number"]),
                    ("Cause", r["cause"]),
                    ("Tries", r["attempts"]),
                ],
                is_fixed=True,
            ),
            Column(
                "to",
                later("To"),
                lambda r: [("Channel", r["channel"]), ("To", r["to"])],
                look="mid",
            ),
            Column("at", later("When"), lambda r: [("When", r["at"])]),
        ),
        filters=(
            Choice(
                "audience",
                later("To whom"),
                "n.audience = ANY(:audience)",
                _audiences,
                is_prominent=True,
            ),
            Days("made", later("Made"), "n.made_at", is_prominent=True),
        ),
        views=MESSAGES,
        ids="SELECT n.id FROM notifications n WHERE n.order_id IS NOT NULL AND {where}",
        fetch=list_queries.messages,
        show=show_message,
        **by_time("n"),
    )
)


@blueprint.get("/messages")
def messages() -> ResponseReturnValue:
    """Show what was said to whom, and what may not have arrived."""
    return show_list(MESSAGES_SPEC, _messages)


def _messages(numbers: Row[Any]) -> Around:
    counts = {name: getattr(numbers, name) for name in ("queued", "uncertain", "failed")}
    return Around(counts, counts)
