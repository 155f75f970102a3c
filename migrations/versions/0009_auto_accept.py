"""Offers that are accepted for their agents as soon as they are shown."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("offer", sa.Column("auto_accept", sa.Boolean(), nullable=False, server_default="false"))


def downgrade() -> None:
    op.drop_column("offer", "auto_accept")
