"""An index for when an endpoint's platform was last asked for what it holds."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_delivery_fetch",
        "delivery",
        ["endpoint_id", "created_at"],
        postgresql_where=sa.text("kind = 'fetch'"),
    )


def downgrade() -> None:
    op.drop_index("ix_delivery_fetch", "delivery")
