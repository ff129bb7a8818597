"""The lists of escalations, offers and messages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import render_template, request, url_for
from sqlalchemy import Row

from app.console import case_queries, cases, climbs, list_queries, page
from app.console.case_queries import ESCALATIONS
from app.console.list_queries import MESSAGES, OFFERS
from app.console.page import blueprint
from app.doors.guard import may
from app.notifications.texts import compose
from app.policies import marketplace
from app.shared.work import OPS, transaction
from app.web import paging, words
from app.web.paging import Key, link

AUDIENCES = {"customer": "to the customer", "vendor": "to the vendor", "ops": "to ops"}


@blueprint.get("/escalations")
def escalations() -> str:
    """Show who must own what, and who is told next."""
    view, cut, path = page.view_of(ESCALATIONS), paging.cut(request.args), request.path
    with transaction(OPS) as now:
        numbers = page.numbers()
        frame = page.shell(numbers, now)
        counts = _escalation_counts(numbers)
        rows, pager = paging.turn(
            case_queries.escalations(view, cut),
            cut,
            lambda row: Key(row.opened_at, row.escalation_id),
            total=counts[view],
        )
        policies = case_queries.climb_policies(now)
        onward = link(path, request.args)
        listed = [_escalation(row, policies, now, onward) for row in rows]
    return render_template(
        "console/escalations.html",
        **frame,
        escalations=listed,
        summary={"open": numbers.escalations, "nobody": numbers.nobody},
        tabs=page.tabs(ESCALATIONS, view, counts, path),
        page=pager,
        filtered=view != "open",
    )


def _escalation_counts(numbers: Row[Any]) -> dict[str, int]:
    owned = numbers.escalations - numbers.nobody
    return {"open": numbers.escalations, "nobody": numbers.nobody, "owned": owned}


def _escalation(
    row: Row[Any], policies: climbs.Policies, now: datetime, onward: str
) -> dict[str, Any]:
    href = url_for("console.case", reference=row.reference)
    listed = cases.listed(row, now, href)
    return listed | {"sentence": listed["sub"]} | climbs.listed_climb(row, policies, now, onward)


@blueprint.get("/offers")
def offers() -> str:
    """Show what was proposed to give back, and what became of it."""
    view, cut, path = page.view_of(OFFERS), paging.cut(request.args), request.path
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
        sums = list_queries.offer_sums()
        counts = {name: getattr(sums, name) for name in OFFERS}
        rows, pager = paging.turn(
            list_queries.offers(view, cut),
            cut,
            lambda row: Key(row.made_at, row.id),
            total=counts[view],
        )
        listed = [_listed_offer(row) for row in rows]
    at_stake = (sums.minor, sums.currency) if sums.currencies == 1 else None
    return render_template(
        "console/offers.html",
        **frame,
        offers=listed,
        summary={"offered": sums.offered, "sum": at_stake},
        tabs=page.tabs(OFFERS, view, counts, path),
        page=pager,
        filtered=view != "all",
    )


def _listed_offer(row: Row[Any]) -> dict[str, Any]:
    return offer(row) | {
        "order_number": row.number,
        "order_href": url_for("console.order", reference=row.order_reference),
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


@blueprint.get("/messages")
def messages() -> str:
    """Show what was said to whom, and what may not have arrived."""
    view, cut, path = page.view_of(MESSAGES), paging.cut(request.args), request.path
    with transaction(OPS) as now:
        numbers = page.numbers()
        frame = page.shell(numbers, now)
        counts = {name: getattr(numbers, name) for name in ("queued", "uncertain", "failed")}
        rows, pager = paging.turn(
            list_queries.messages(view, cut),
            cut,
            lambda row: Key(row.place_at, row.id),
            total=counts.get(view),
        )
        onward = link(path, request.args)
        listed = [_listed_message(row, onward) for row in rows]
    return render_template(
        "console/messages.html",
        **frame,
        messages=listed,
        summary=counts,
        tabs=page.tabs(MESSAGES, view, counts, path),
        page=pager,
        filtered=view != "all",
    )


def _listed_message(row: Row[Any], onward: str) -> dict[str, Any]:
    return message(row) | {
        "cause": f"{words.plain(row.template)}, {AUDIENCES[row.audience]}",
        "order_number": row.number,
        "order_href": url_for("console.order", reference=row.order_reference),
        "attempts": row.attempts,
        "sentence": row.last_error,
        "moves": close_moves(row.letter_id, onward),
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
    return [{"label": "Dealt with", "url": url, "fields": {"next": onward}}]
