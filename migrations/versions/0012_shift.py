"""Agents have shifts: the calendar by which they get work of queues that ask for it."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("agent", sa.Column("shift", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("agent", "shift")
