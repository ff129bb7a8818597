"""Policies: what is in force, what a change would do, and putting it in force."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from hashlib import sha256
from itertools import zip_longest
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.accounts.sessions import actor_of
from app.audit.service import record
from app.console import page
from app.console.page import blueprint
from app.console.policy_trials import tried_on_the_last
from app.console.policy_words import AMOUNT, FIELDS, KINDS
from app.policies import documents
from app.policies.models import Policy
from app.policies.queries import in_force, versions
from app.policies.service import publish, read
from app.routing.registry import strategies
from app.shared.errors import Conflict, DomainError, InvalidInput, NotFound
from app.shared.language import _
from app.shared.money import Money
from app.shared.work import OPS, transaction
from app.web.words import plain

HISTORY = 10
LONGEST = 20_000
# A currency of hundredths, in which policies keep what is worth something in any of them.
HUNDREDTHS = "EUR"
# Shares are kept in hundredths, too: of a percent.
SHARE, WHOLE = "_bp", 10_000
IN_HUNDREDTHS = ("amount", "percent")


@blueprint.get("/policies")
def policies() -> str:
    """Show every policy with its version, and who decided it when."""
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
        newest = {kind: versions(kind, 1) for kind in KINDS}
    listed = [
        {
            "kind": kind,
            "title": _(title),
            "about": _(about),
            "version": newest[kind][0].version if newest[kind] else 0,
            "by": newest[kind][0].made_by if newest[kind] else None,
            "at": newest[kind][0].made_at if newest[kind] else None,
        }
        for kind, (title, about) in KINDS.items()
    ]
    return render_template("console/policies.html", **frame, policies=listed)


@blueprint.get("/policies/<kind>")
def policy(kind: str) -> str:
    """Show one policy's fields, and what every version changed."""
    return _page(kind)


@blueprint.post("/policies/<kind>")
def change_policy(kind: str) -> ResponseReturnValue:
    """Show what a change would do; put in force exactly what was looked at."""
    _require(kind)
    sent = {name: request.form.get(name, "")[:LONGEST].strip() for name in FIELDS[kind]}
    # Which version it was compared with, and what was looked at.
    version, _dash, looked = request.form.get("seen", "").partition("-")
    is_meant = "publish" in request.form
    try:
        document = _document(kind, sent)
        if is_meant and version.isdecimal() and looked == _content(document):
            return _publish(kind, document, int(version[:9]))
    except DomainError as refusal:
        return _page(kind, sent=sent, refusal=refusal), refusal.status
    return _page(kind, sent=sent, document=document, is_other=is_meant)


def _content(document: Mapping[str, Any]) -> str:
    return sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _publish(kind: str, document: dict[str, Any], seen: int) -> ResponseReturnValue:
    with transaction(OPS) as now:
        before = in_force(documents.KINDS[kind], now)
        found = publish(kind, document, by=current_user.name, now=now, seen=seen)
        if found.version != before.version:
            actor = actor_of(current_user)
            record("policy_published", actor, subject=kind, version=found.version)
    title = _(KINDS[kind][0])
    flash(_("{policy}: version {n} is in force.", policy=title, n=found.version), "good")
    return redirect(url_for("console.policy", kind=kind))


def _require(kind: str) -> None:
    if kind not in KINDS:
        raise NotFound(_("There is no policy '{kind}'.", kind=kind))


def _document(kind: str, sent: Mapping[str, str]) -> dict[str, Any]:
    """Return what was filled in as the policy takes it; InvalidInput names the wrong fields."""
    wrong, document = {}, {}
    for name, words in sent.items():
        try:
            document[name] = _value(_kind_of(kind, name), words)
        except (ValueError, RecursionError):
            wrong[name] = _("This cannot be read. Keep to the form of what stands here.")
    if wrong:
        raise InvalidInput(_("Nothing was changed."), **wrong)
    return read(kind, document)


def _kind_of(kind: str, name: str) -> str:
    """Return how a field is filled in: number, amount, percent, choice, yes, words, document."""
    if FIELDS[kind][name][1] is AMOUNT:
        return "amount"
    if name.endswith(SHARE):
        return "percent"
    schema = documents.KINDS[kind].model_json_schema()["properties"][name]
    shapes = schema.get("anyOf", [schema])
    types = {shape.get("type") for shape in shapes}
    if "enum" in schema or (kind, name) == ("routing", "strategy"):
        return "choice"
    if "boolean" in types:
        return "yes"
    if "integer" in types:
        return "number"
    is_words = schema.get("type") == "array" and schema["items"].get("type") == "string"
    return "words" if is_words else "document"


def _value(shape: str, words: str) -> Any:
    if shape == "number":
        return int(words) if words else None
    if shape in IN_HUNDREDTHS:
        return _hundredths(words, WHOLE if shape == "percent" else None)
    if shape == "yes":
        return words == "true"
    if shape == "words":
        return [line.strip() for line in words.splitlines() if line.strip()]
    if shape == "document":
        return json.loads(words or "null", parse_constant=_no_number)
    return words


def _hundredths(words: str, most: int | None) -> int:
    found = Money.parse(words, HUNDREDTHS).minor
    if most is not None and not 0 <= found <= most:
        raise ValueError(words)
    return found


def _no_number(word: str) -> None:
    # Python reads NaN and Infinity, which JSON does not know.
    raise ValueError(word)


def _words(shape: str, value: Any) -> str:
    if shape in IN_HUNDREDTHS:
        return str(Money(value, HUNDREDTHS).decimal())
    if shape == "document":
        rows = value if isinstance(value, list) else None
        if rows:
            # One rule a line, as they are read.
            return "[\n" + ",\n".join(f"  {json.dumps(row)}" for row in rows) + "\n]"
        return json.dumps(value, indent=2)
    if shape == "words":
        return "\n".join(value)
    return "" if value is None else str(value).lower() if shape == "yes" else str(value)


def _page(
    kind: str,
    *,
    sent: Mapping[str, str] | None = None,
    document: dict[str, Any] | None = None,
    refusal: DomainError | None = None,
    is_other: bool = False,
) -> str:
    _require(kind)
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
        current = in_force(documents.KINDS[kind], now)
        history = _history(kind, versions(kind, HISTORY + 1))
        changes = _changes(kind, current.document.model_dump(mode="json"), document or {})
        tried = tried_on_the_last(kind, document, now) if changes and document else None
    return render_template(
        "console/policy.html",
        **frame,
        kind=kind,
        title=_(KINDS[kind][0]),
        about=_(KINDS[kind][1]),
        # Who is shown what somebody else changed decides on that, and on no other values.
        seen=f"{current.version}-{_content(document)}" if changes and document else "",
        is_other=is_other and bool(changes),
        fields=_fields(kind, current.document.model_dump(mode="json"), sent, refusal),
        problem=refusal.detail if refusal else None,
        is_meanwhile=isinstance(refusal, Conflict),
        looked=document is not None,
        changes=changes,
        tried=tried,
        history=history,
    )


def _fields(
    kind: str,
    current: Mapping[str, Any],
    sent: Mapping[str, str] | None,
    refusal: DomainError | None,
) -> list[dict[str, Any]]:
    wrong = refusal.fields if refusal else {}
    fields = []
    for name, (label, hint) in FIELDS[kind].items():
        shape = _kind_of(kind, name)
        # "tiers.0.from_days" is said under its list.
        errors = [
            f"{key.removeprefix(name).strip('.').replace('.', ' ')} {why}".strip()
            for key, why in wrong.items()
            if key.partition(".")[0] == name
        ]
        fields.append(
            {
                "name": name,
                "label": _(label),
                "hint": _(hint),
                "shape": shape,
                "value": sent[name] if sent else _words(shape, current[name]),
                "choices": _choices(kind, name) if shape == "choice" else [],
                "errors": errors,
            }
        )
    return fields


def _choices(kind: str, name: str) -> list[tuple[str, str]]:
    if (kind, name) == ("routing", "strategy"):
        return [(code, plain(code)) for code in strategies()]
    schema = documents.KINDS[kind].model_json_schema()["properties"][name]
    return [(code, plain(code)) for code in schema["enum"]]


def _history(kind: str, found: Sequence[Policy]) -> list[dict[str, Any]]:
    """Return each version with what it changed of the one before, the newest first."""
    shipped = documents.KINDS[kind]().model_dump(mode="json")
    before = [version.document for version in found[1:]] + [shipped]
    return [
        {
            "version": version.version,
            "at": version.made_at,
            "by": version.made_by,
            "changes": _changes(kind, was, version.document),
        }
        for version, was in zip(found[:HISTORY], before, strict=False)
    ]


def _changes(kind: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> list[dict[str, str]]:
    changes = []
    for name, (label, _hint) in FIELDS[kind].items():
        before, after = was.get(name), now.get(name)
        if not now or before == after:
            continue
        if isinstance(before, list) and isinstance(after, list):
            changes += _rows(_(label), before, after)
        else:
            shape = _kind_of(kind, name)
            changes.append(_change(_(label), _words(shape, before), _words(shape, after)))
    return changes


def _change(field: str, was: str, now: str) -> dict[str, str]:
    return {"field": field, "was": was or _("nothing"), "now": now or _("nothing")}


def _rows(label: str, was: list[Any], now: list[Any]) -> list[dict[str, str]]:
    """Return which rows of a list differ, and of a row that has fields which of them."""
    changes = []
    matcher = SequenceMatcher(None, [*map(_short, was)], [*map(_short, now)])
    for tag, at, end, to, to_end in matcher.get_opcodes():
        pairs = zip_longest(was[at:end], now[to:to_end]) if tag != "equal" else ()
        for n, (before, after) in enumerate(pairs, at + 1 if tag == "delete" else to + 1):
            row = _("{field}, row {n}", field=label, n=n)
            if isinstance(before, dict) and isinstance(after, dict):
                changes += [
                    _change(f"{row}, {key}", _short(before.get(key)), _short(after.get(key)))
                    for key in {**before, **after}
                    if before.get(key) != after.get(key)
                ]
            else:
                changes.append(_change(row, _short(before), _short(after)))
    return changes


def _short(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False)
