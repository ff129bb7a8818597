"""Add vendors' calendars and life, products, holds of orders, imports and order sources.

Revision ID: 0004
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SQL = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    """Run the SQL beside this file."""
    op.get_bind().exec_driver_sql(SQL.read_text().replace("%", "%%"))


def downgrade() -> None:
    """Refuse: what vendors and shops told us is not taken back."""
    message = "0004 has no way back: it would drop calendars, holds and imports"
    raise RuntimeError(message)
