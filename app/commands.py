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
from app.accounts import service as accounts
from app.carriers.queries import describe
from app.carriers.registry import carrier
from app.integrity import broken_invariants
from app.reports import queries as reports
from app.shared import clock
from app.shared.work import OPS, PLATFORM, transaction
from app.vendors.service import vendor_id

carriers = AppGroup("carriers", help="Carriers' answers.")
keys = AppGroup("keys", help="API keys.")
users = AppGroup("users", help="People who sign in to the console.")
clocks = AppGroup("clock", help="The world clock.")


def register(app: Flask) -> None:
    """Add the commands."""
    for command in (carriers, keys, users, clocks, check, seed, answers):
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
    token = os.environ[variable] if variable else accounts.new_token()
    with transaction(OPS):
        accounts.ensure_key(name, token, vendor_id(vendor) if vendor else None)
    click.echo(f"{name} has its key" if variable else token)


@users.command("create")
@click.argument("email")
@click.argument("name")
@click.option("--role", type=click.Choice(accounts.ROLES), default="ops_agent")
def create_user(email: str, name: str, role: str) -> None:
    """Create a person who signs in, or give an existing one a new password; print it once."""
    password = accounts.new_password()
    with transaction(OPS):
        accounts.ensure_user(email, name, role, password)
    click.echo(f"{email} signs in with {password}")


@clocks.command("show")
def show_clock() -> None:
    """Print the world's time and its pace."""
    with transaction(PLATFORM) as now:
        click.echo(f"{now.isoformat()} at {clock.read().rate:g} seconds a second")


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
