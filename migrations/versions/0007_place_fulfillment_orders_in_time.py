"""Add when its order was placed and by which service it goes to a fulfillment order.

Revision ID: 0007
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SQL = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    """Run the SQL beside this file."""
    op.get_bind().exec_driver_sql(SQL.read_text().replace("%", "%%"))


def downgrade() -> None:
    """Refuse: what was paid for is not forgotten."""
    message = "0007 has no way back: it would forget by which service parcels were sent"
    raise RuntimeError(message)
