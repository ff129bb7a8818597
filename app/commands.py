"""The flask commands: what an operator does without a browser."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import IO, Any, BinaryIO

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy import Row

from app import demo
from app.accounts import factors, links
from app.accounts import keys as api_keys
from app.accounts.contract import OPS_ROLES
from app.audit import service as audit
from app.audit.contract import PLATFORM_ACTOR
from app.carriers.queries import describe
from app.carriers.registry import carrier
from app.intake import imports, opening, queries, refused, running, shops
from app.intake.registry import kinds
from app.intake.rules import SIGNS
from app.integrity import broken_invariants
from app.notifications.sending import link_address
from app.policies import marketplace
from app.reports import queries as reports
from app.shared import catalogs, clock
from app.shared.errors import DomainError
from app.shared.money import Money
from app.shared.work import ACCOUNTS, OPS, PLATFORM, transaction
from app.vendors.service import vendor_id
from app.webhooks import service as webhooks

# So many refusals of a file are printed; all of them are in the file that can be mended.
MOST_TOLD = 20

carriers = AppGroup("carriers", help="Carriers' answers.")
keys = AppGroup("keys", help="API keys.")
users = AppGroup("users", help="People who sign in.")
trail = AppGroup("audit", help="The audit trail.")
secrets = AppGroup("secrets", help="Keys that rotate.")
clocks = AppGroup("clock", help="The world clock.")
texts = AppGroup("texts", help="What pages and mails say, by language.")


def register(app: Flask) -> None:
    """Add the commands."""
    for command in (
        carriers,
        keys,
        users,
        trail,
        secrets,
        clocks,
        texts,
        check,
        seed,
        answers,
        take_in,
    ):
        app.cli.add_command(command)


@carriers.command("read")
@click.argument("code")
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option("--status", default=200, help="The answer's HTTP status.")
@click.option("--push", is_flag=True, help="The file is a push, not an answer.")
def read_answer(code: str, file: Path, status: int, *, push: bool) -> None:
    """Print how the platform reads one recorded answer."""
    headers = {"content-type": "application/json"}
    answer = carrier(code).read(status, headers, file.read_bytes(), push=push)
    click.echo(json.dumps(describe(answer), indent=2, default=str))


@keys.command("create")
@click.argument("name")
@click.option("--vendor", help="The code of the vendor whose rows it reaches; none: all.")
@click.option("--from-environment", "variable", help="Take the token from this variable.")
def create_key(name: str, vendor: str | None, variable: str | None) -> None:
    """Create an API key, or give an existing one a new token, and print the token once."""
    token = os.environ[variable] if variable else api_keys.new_token()
    with transaction(OPS):
        owner = vendor_id(vendor) if vendor else None
    with transaction(ACCOUNTS):
        api_keys.ensure_key(name, token, owner)
        audit.record("key_made", PLATFORM_ACTOR, subject=name)
    click.echo(f"{name} has its key" if variable else token)


@users.command("invite")
@click.argument("email")
@click.argument("name")
@click.option("--role", type=click.Choice(OPS_ROLES), default="ops_agent")
def invite_user(email: str, name: str, role: str) -> None:
    """Invite somebody by mail and print the link: the first person of an empty marketplace."""
    with transaction(ACCOUNTS):
        link_id = links.invite(email.strip().lower(), name, role)
        audit.record("invitation_sent", PLATFORM_ACTOR, subject=name, role=role)
    click.echo(f"{email} chooses a password at {link_address('invitation', link_id)}")


@trail.command("verify")
@click.option("--anchor", help="POSITION:HASH of an earlier end of the chain, kept elsewhere.")
def verify_audit(anchor: str | None) -> None:
    """Look over the audit trail; a break is named and ends with exit code 1."""
    found = audit.verify_chain(anchor)
    if found.broken:
        click.echo(f"BROKEN {found.broken}")
        sys.exit(1)
    click.echo(f"{found.checked} rows, nothing was changed; it ends with {found.anchor}")


@secrets.command("reseal")
def reseal() -> None:
    """Seal what is sealed with the newest FIELD_KEY, so that older ones can go."""
    with transaction(ACCOUNTS):
        sealed = factors.reseal()
        audit.record("factors_resealed", PLATFORM_ACTOR, count=sealed)
    with transaction(PLATFORM):
        sealed += shops.reseal()
        sealed += webhooks.reseal()
    click.echo(f"{sealed} sealed with the newest key")


@clocks.command("show")
def show_clock() -> None:
    """Print the world's time and its pace."""
    with transaction(PLATFORM) as now:
        click.echo(f"{now.isoformat()} at {clock.read().rate:g} seconds a second")


@texts.command("gather")
def gather_texts() -> None:
    """Write down which texts there are, in every catalog; what is said of them stays."""
    for found in catalogs.gather():
        click.echo(f"{found.code} {found.domain}: {found.texts:,} texts, {found.missing:,} missing")


@click.command("check")
def check() -> None:
    """Look over the whole database for broken invariants; none is exit code 0."""
    with transaction(PLATFORM):
        broken = broken_invariants()
    for name, count, sample in broken:
        click.echo(f"BROKEN {name}: {count}, for example {sample}")
    if broken:
        sys.exit(1)
    click.echo("all invariants hold")


@click.command("answers")
@click.option("--channel", default="olist", help="The channel whose orders are counted.")
@click.option("--state-at", "at", type=datetime.fromisoformat, help="Only the state at a moment.")
def answers(channel: str, at: datetime | None) -> None:
    """Print what the database says happened, as JSON."""
    with transaction(PLATFORM):
        found = reports.state_at(channel, at) if at else reports.numbers(channel)
    click.echo(json.dumps(found))


@click.command("import")
@click.argument("kind", type=click.Choice(list(kinds())))
@click.argument("file", type=click.File("rb"))
@click.option("--channel", help="The channel of orders.")
@click.option("--currency", help="The currency of what names none.")
@click.option("--decimal", type=click.Choice([".", ","]), help="What decimals stand after.")
@click.option("--map", "pairs", multiple=True, help="FIELD=COLUMN, where it is not guessed.")
@click.option("--tells/--no-tells", help="Tell each customer that the order came in.")
@click.option("--dry-run", is_flag=True, help="Only say what would become of it.")
@click.option(
    "--refused",
    "mend",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write what is refused into this file, to be mended and sent again.",
)
def take_in(
    kind: str,
    file: BinaryIO,
    pairs: tuple[str, ...],
    *,
    dry_run: bool,
    mend: Path | None,
    **fixed: Any,
) -> None:
    """Take in a file of orders, listings or stock, and print what became of it.

    Anything that is refused ends with exit code 1.
    """
    mapping = dict(pair.partition("=")[::2] for pair in pairs)
    with ExitStack() as closing:
        # Before anything is taken in: what is refused must have its place.
        out = closing.enter_context(_opened(mend, file.name)) if mend else None
        try:
            with transaction(OPS):
                reference = imports.draft(kind, file.name, file, None)
                row = queries.one(reference)
                # Where orders are, in which currency, and whether customers are told, is said each
                # time: nobody looks at what is remembered of an earlier file.
                chosen = {"currency": marketplace.currency()}
                chosen |= {name: value for name, value in fixed.items() if value}
                imports.arrange(reference, row.mapping | mapping, chosen, None)
                _tell_reading(queries.one(reference))
                (imports.try_out if dry_run else imports.start)(reference, None)
        except DomainError as refusal:
            told = [refusal.detail, *(f"{name}: {words}" for name, words in refusal.fields.items())]
            raise click.ClickException("\n  ".join(told)) from None
        while running.step(reference):
            with transaction(OPS):
                row = queries.one(reference)
            if row.seen:
                click.echo(f"{reference} {row.seen:,} read, {row.refused:,} refused")
        if out:
            out.writelines(refused.pieces(reference, PLATFORM_ACTOR)[1])
    _tell_import(reference, mend)


def _opened(mend: Path, source: str) -> IO[str]:
    if mend.exists() and Path(source).exists() and mend.samefile(source):
        message = f"{mend} is the file that is taken in; name another one for what is refused."
        raise click.ClickException(message)
    try:
        return mend.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise click.FileError(str(mend), error.strerror) from None


def _tell_reading(row: Row[Any]) -> None:
    """Print how the numbers of a file are read, and how much its first records are so."""
    if row.format == "csv":
        sign = SIGNS.get(row.fixed["decimal"], "point or a comma, no number tells which")
        click.echo(f"decimals stand after a {sign}; {row.fixed['currency']} where none is named")
    for one in opening.first(row):
        told = kinds()[row.kind].measure(one.form)
        units = "" if told.units is None else f" {told.units:,} units"
        worth = "" if told.worth is None else f" {Money(told.worth, told.currency)} {told.currency}"
        click.echo(f"line {one.record.line}, {one.name}:{units}{worth}")


def _tell_import(reference: str, mend: Path | None) -> None:
    """Print what became of a file; refusals, or not being read to its end, are exit code 1."""
    with transaction(OPS):
        row = queries.one(reference)
        refusals = queries.refusals(row.id, MOST_TOLD)
    would = "would be " if row.is_dry_run else ""
    for name in ("taken", "held", "known", "refused"):
        click.echo(f"{getattr(row, name):>9,} {would}{name}")
    _tell_refusals(refusals, row.refused, mend)
    if row.problem:
        ending = "Nothing after it was read." if row.seen else "None of the file is taken in."
        raise click.ClickException(f"{row.problem} {ending}")
    if row.refused:
        sys.exit(1)


def _tell_refusals(refusals: Sequence[Row[Any]], total: int, mend: Path | None) -> None:
    for one in refusals:
        for wrong in one.errors:
            click.echo(f"line {wrong['line']}, {one.name}: {refused.told(wrong)}")
    if total > len(refusals):
        click.echo(f"and {total - len(refusals):,} more")
    if mend:
        click.echo(f"{mend} has all that was refused")
    elif total:
        click.echo("--refused FILE writes all of it into a file that can be mended and sent again")


@click.command("seed")
def seed() -> None:
    """Fill the demonstration marketplace and print how to sign in; again changes nothing."""
    for line in demo.seed():
        click.echo(line)
