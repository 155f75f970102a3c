"""Callbacks: whom to call back and when, and those whose time has come or goes."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

DUE_CALLBACKS = """
CREATE FUNCTION due_callbacks(tenants uuid[]) RETURNS TABLE (tenant_id uuid, kind text, id uuid)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT i.tenant_id, 'callback', i.id FROM interaction i
    WHERE i.callback_to IS NOT NULL AND i.state IN ('scheduled', 'callback_waiting', 'queued', 'offered')
      AND coalesce(i.callback_at, i.callback_until) <= statement_timestamp() AND i.tenant_id = ANY(tenants)
$$
"""


def upgrade() -> None:
    op.add_column("interaction", sa.Column("callback_to", sa.Text(), nullable=True))
    op.add_column("interaction", sa.Column("callback_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("interaction", sa.Column("callback_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "interaction", sa.Column("callback_attempts", sa.Integer(), nullable=False, server_default="0")
    )
    op.create_index(
        "ix_interaction_callback",
        "interaction",
        ["tenant_id", "callback_to"],
        postgresql_where=sa.text("callback_to IS NOT NULL AND state NOT IN ('closed', 'abandoned')"),
    )
    op.execute(DUE_CALLBACKS)


def downgrade() -> None:
    op.execute("DROP FUNCTION due_callbacks(uuid[])")
    op.drop_index("ix_interaction_callback", "interaction")
    for column in ("callback_attempts", "callback_until", "callback_at", "callback_to"):
        op.drop_column("interaction", column)
