"""Find what is sold by any word of what it is called.

Revision ID: 0008
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SQL = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    """Run the SQL beside this file."""
    op.get_bind().exec_driver_sql(SQL.read_text().replace("%", "%%"))


def downgrade() -> None:
    """Find it by how its name begins, as before."""
    for table in ("products", "listings"):
        op.execute(f"DROP INDEX {table}_words")
        op.execute(f"CREATE INDEX {table}_title ON {table} (lower(title) text_pattern_ops)")
