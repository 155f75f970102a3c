"""A hot desk keeps the agent's own phone in mind: it rings again once they have signed out."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("device", sa.Column("own_address", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("device", "own_address")
