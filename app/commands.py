"""The flask commands: what an operator does without a browser."""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime
from pathlib import Path

import click
from flask import Flask
from flask.cli import AppGroup

from app import demo
from app.accounts import factors, links
from app.accounts import keys as api_keys
from app.accounts.contract import OPS_ROLES
from app.audit import service as audit
from app.audit.contract import PLATFORM_ACTOR
from app.carriers.queries import describe
from app.carriers.registry import carrier
from app.integrity import broken_invariants
from app.notifications.sending import link_address
from app.reports import queries as reports
from app.shared import catalogs, clock
from app.shared.work import ACCOUNTS, OPS, PLATFORM, transaction
from app.vendors.service import vendor_id

carriers = AppGroup("carriers", help="Carriers' answers.")
keys = AppGroup("keys", help="API keys.")
users = AppGroup("users", help="People who sign in.")
trail = AppGroup("audit", help="The audit trail.")
secrets = AppGroup("secrets", help="Keys that rotate.")
clocks = AppGroup("clock", help="The world clock.")
texts = AppGroup("texts", help="What pages and mails say, by language.")


def register(app: Flask) -> None:
    """Add the commands."""
    for command in (carriers, keys, users, trail, secrets, clocks, texts, check, seed, answers):
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
    """Seal every second factor with the newest FIELD_KEY, so that older ones can go."""
    with transaction(ACCOUNTS):
        sealed = factors.reseal()
        audit.record("factors_resealed", PLATFORM_ACTOR, count=sealed)
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


@click.command("seed")
def seed() -> None:
    """Fill the demonstration marketplace and print how to sign in; again changes nothing."""
    for line in demo.seed():
        click.echo(line)
