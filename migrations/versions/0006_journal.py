"""The journal is found by time and by rebuild. What was published or recorded is changed by nobody."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ROLES = "touchpoint_api, touchpoint_worker"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_routing_journal_rebuild",
            "routing_journal",
            ["tenant_id", "position"],
            postgresql_where=sa.text("kind = 'rebuild'"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )
        op.create_index(
            "ix_routing_journal_now_us",
            "routing_journal",
            ["now_us"],
            postgresql_using="brin",
            postgresql_concurrently=True,
            if_not_exists=True,
        )
    op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON policy FROM {ROLES}")
    op.execute(f"REVOKE UPDATE, TRUNCATE ON routing_journal FROM {ROLES}")
    op.execute("REVOKE INSERT, DELETE ON routing_journal FROM touchpoint_api")


def downgrade() -> None:
    op.execute(f"GRANT UPDATE, DELETE ON policy TO {ROLES}")
    op.execute("GRANT UPDATE ON routing_journal TO touchpoint_api, touchpoint_worker")
    op.execute("GRANT INSERT, DELETE ON routing_journal TO touchpoint_api")
    op.drop_index("ix_routing_journal_now_us", table_name="routing_journal")
    op.drop_index("ix_routing_journal_rebuild", table_name="routing_journal")
