"""Sessions that have ended lately, whatever their tenant: their access tokens are refused."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

LATELY = """
CREATE FUNCTION ended_sessions(within interval) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = public AS $$
  SELECT DISTINCT family_id FROM refresh_session WHERE revoked_at > clock_timestamp() - within
$$
"""


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_refresh_session_agent_id",
            "refresh_session",
            ["agent_id"],
            postgresql_concurrently=True,
            if_not_exists=True,
        )
        op.create_index(
            "ix_refresh_session_revoked_at",
            "refresh_session",
            ["revoked_at"],
            postgresql_where=sa.text("revoked_at IS NOT NULL"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )
    op.execute(LATELY)


def downgrade() -> None:
    op.execute("DROP FUNCTION ended_sessions")
    op.drop_index("ix_refresh_session_revoked_at", "refresh_session")
    op.drop_index("ix_refresh_session_agent_id", "refresh_session")
