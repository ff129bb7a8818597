"""Onward: the fulfillment platform of a multi-vendor marketplace."""

from __future__ import annotations

import importlib

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from app import extensions
from app.shared import logs
from config import Config


def create_app(config: Config, *, with_faces: bool = True, is_serving: bool = True) -> Flask:
    """Return the application: extensions, then faces, error pages and commands.

    Workers and the scheduler show nothing to anybody: without faces they start twice as fast.
    A command that migrates or repairs does not serve, so it runs on what must not be served yet.
    """
    config.require_sound()
    app = Flask(__name__)
    app.config.from_mapping(config.for_flask())
    logs.set_up(config.LOG_LEVEL)
    extensions.db.init_app(app)
    extensions.valkey.init_app(app)
    if with_faces:
        importlib.import_module("app.faces").register(app)
    if hops := int(config.PROXY_HOPS):
        # Host stays what the proxy asks for: it is checked, and nothing is built from it.
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=0, x_port=0, x_prefix=0
        )
    if config.is_production and is_serving:
        with app.app_context():
            importlib.import_module("app.production").refuse_demonstration_logins()
    return app
