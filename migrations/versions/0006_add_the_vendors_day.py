"""Add what a vendor's day needs: bins, waves, packages, labels, pickups, choices and webhooks.

Revision ID: 0006
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SQL = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    """Run the SQL beside this file."""
    op.get_bind().exec_driver_sql(SQL.read_text().replace("%", "%%"))


def downgrade() -> None:
    """Refuse: what was packed, labeled and told is not forgotten."""
    message = "0006 has no way back: it would forget what lies in which parcel"
    raise RuntimeError(message)
