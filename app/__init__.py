"""Onward: the fulfillment platform of a multi-vendor marketplace."""

from __future__ import annotations

import importlib

from flask import Flask

from app import extensions
from app.shared import logs
from config import Config


def create_app(config: Config, *, with_faces: bool = True) -> Flask:
    """Return the application: extensions, then faces, error pages and commands.

    Workers and the scheduler show nothing to anybody: without faces they start twice as fast.
    """
    app = Flask(__name__)
    app.config.from_mapping(config.for_flask())
    logs.set_up(config.LOG_LEVEL)
    extensions.db.init_app(app)
    extensions.valkey.init_app(app)
    if with_faces:
        importlib.import_module("app.faces").register(app)
    return app
