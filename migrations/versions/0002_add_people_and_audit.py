"""Add people's sessions, factors, links and throttles, keys' rights, and the audit trail.

Revision ID: 0002
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SQL = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    """Run the SQL beside this file."""
    op.get_bind().exec_driver_sql(SQL.read_text().replace("%", "%%"))


def downgrade() -> None:
    """Refuse: an audit trail is not taken back."""
    message = "0002 has no way back: it would drop the audit trail"
    raise RuntimeError(message)
