"""Visitors who signed in at the tenant's site: its own id of them."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("visitor", sa.Column("external_id", sa.Text()))


def downgrade() -> None:
    op.drop_column("visitor", "external_id")
