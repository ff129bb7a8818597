"""Every component in every state, made with the marks that the pages are made with."""

from __future__ import annotations

from flask import render_template

from app.console import page
from app.console.page import blueprint
from app.shared.work import OPS, transaction


@blueprint.get("/components")
def components() -> str:
    """Show what pages are made of."""
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
    return render_template("console/components.html", **frame)
