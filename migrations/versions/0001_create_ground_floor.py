"""Create the ground floor: clocks, due tables, orders to compensation, roles and row security.

Revision ID: 0001
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SQL = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    """Run the SQL beside this file."""
    op.get_bind().exec_driver_sql(SQL.read_text().replace("%", "%%"))


def downgrade() -> None:
    """Refuse: the first migration is undone by dropping the database."""
    message = "0001 has no way back; drop the database instead"
    raise RuntimeError(message)
