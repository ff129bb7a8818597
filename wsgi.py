"""The web application, for a WSGI server and for the flask command."""

from __future__ import annotations

import sys

import click

from app import create_app
from config import Config, ConfigError

# gunicorn starts a worker that ended otherwise again and again; on this it gives up.
WORKER_BOOT_ERROR = 3

# Under `flask` a command is under way; all but `run` only work on the installation.
command = click.get_current_context(silent=True)
is_serving = command is None or command.info_name == "run"
try:
    app = create_app(Config.from_environment(), is_serving=is_serving)
except ConfigError as refusal:
    sys.stderr.write(f"{refusal}\n")
    sys.exit(WORKER_BOOT_ERROR)
