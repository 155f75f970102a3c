"""Calls of ours that waited and reached nobody: their entry was ended by us. It had an outcome of its own,
which no figure counts, so that the balance of the metrics missed it."""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE segment NO FORCE ROW LEVEL SECURITY")  # its owner repairs every tenant's
    op.execute("UPDATE segment SET outcome = 'ended_by_us' WHERE kind = 'queue' AND outcome = 'not_reached'")
    op.execute("ALTER TABLE segment FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    """What they were called before was wrong."""
