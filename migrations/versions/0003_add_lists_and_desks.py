"""Add preferences, saved views, bulk changes, notes with photos, and notices.

Revision ID: 0003
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SQL = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    """Run the SQL beside this file."""
    op.get_bind().exec_driver_sql(SQL.read_text().replace("%", "%%"))


def downgrade() -> None:
    """Refuse: what people wrote is not taken back."""
    message = "0003 has no way back: it would drop notes and photos"
    raise RuntimeError(message)
