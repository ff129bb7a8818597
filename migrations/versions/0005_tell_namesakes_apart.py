"""Add who it was beside how they are called, and what orders' lists and drafts are found by.

Revision ID: 0005
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SQL = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    """Run the SQL beside this file."""
    op.get_bind().exec_driver_sql(SQL.read_text().replace("%", "%%"))


def downgrade() -> None:
    """Refuse: who did what is not forgotten."""
    message = "0005 has no way back: it would forget which of two people of one name it was"
    raise RuntimeError(message)
