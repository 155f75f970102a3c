"""What was estimated of each queue entry's wait: when it came, and the least that its customer was told."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("quoted_wait_us", "told_wait_us"):
        op.add_column("segment", sa.Column(name, sa.BigInteger(), nullable=True))


def downgrade() -> None:
    for name in ("quoted_wait_us", "told_wait_us"):
        op.drop_column("segment", name)
