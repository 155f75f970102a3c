"""Consults: who is asked outside, one consult at a time, and what of them is due."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

DUE_CALLS = """
CREATE FUNCTION due_calls(tenants uuid[]) RETURNS TABLE (tenant_id uuid, kind text, id uuid)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT l.tenant_id, 'call', l.interaction_id FROM leg l JOIN offer o ON o.leg_id = l.id
    WHERE o.state = 'open' AND o.deadline_at <= statement_timestamp()
      AND l.role = 'consult' AND l.tenant_id = ANY(tenants)
  UNION SELECT l.tenant_id, 'call', l.interaction_id FROM leg l JOIN interaction i ON i.id = l.interaction_id
    WHERE l.state = 'connecting' AND l.connect_deadline_at <= statement_timestamp()
      AND (l.role = 'consult' OR (i.direction = 'outbound' AND i.answered_at IS NULL))
      AND l.tenant_id = ANY(tenants)
$$
"""


def upgrade() -> None:
    op.add_column("interaction", sa.Column("outside", postgresql.JSONB(none_as_null=True), nullable=True))
    op.create_index(
        "uq_leg_live_consult",
        "leg",
        ["interaction_id"],
        unique=True,
        postgresql_where=sa.text(
            "role IN ('consult', 'conference') AND state IN ('offered', 'connecting', 'active', 'held')"
        ),
    )
    op.create_index(
        "ix_leg_connecting", "leg", ["connect_deadline_at"], postgresql_where=sa.text("state = 'connecting'")
    )
    op.execute(DUE_CALLS)


def downgrade() -> None:
    op.execute("DROP FUNCTION due_calls(uuid[])")
    op.drop_index("ix_leg_connecting", "leg")
    op.drop_index("uq_leg_live_consult", "leg")
    op.drop_column("interaction", "outside")
