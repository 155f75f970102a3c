"""Work that interrupts other work, and what is to be held or to go on because of it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

DUE_INTERRUPTIONS = """
CREATE FUNCTION due_interruptions(tenants uuid[]) RETURNS TABLE (tenant_id uuid, kind text, id uuid)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT l.tenant_id, 'interruption', l.interaction_id
    FROM leg v JOIN leg l ON l.agent_id = v.agent_id AND l.state = 'active' AND l.role = 'primary'
      AND l.accepted_at < v.answered_at
    JOIN interaction i ON i.id = l.interaction_id AND i.channel = ANY(v.interrupts)
    WHERE v.interrupts <> '{}' AND v.state IN ('active', 'held', 'wrap_up') AND v.tenant_id = ANY(tenants)
  UNION SELECT l.tenant_id, 'interruption', l.interaction_id
    FROM leg l JOIN interaction i ON i.id = l.interaction_id AND i.channel <> 'voice'
    WHERE l.state = 'held' AND l.role = 'primary' AND l.tenant_id = ANY(tenants)
      AND NOT EXISTS (SELECT FROM leg v WHERE v.agent_id = l.agent_id AND i.channel = ANY(v.interrupts)
                      AND v.interrupts <> '{}' AND v.state IN ('active', 'held', 'wrap_up'))
$$
"""


def upgrade() -> None:
    op.add_column(
        "leg", sa.Column("interrupts", postgresql.ARRAY(sa.Text()), nullable=False, server_default="{}")
    )
    op.create_index(
        "ix_leg_interrupts",
        "leg",
        ["agent_id"],
        postgresql_where=sa.text("interrupts <> '{}' AND state IN ('active', 'held', 'wrap_up')"),
    )
    op.create_index("ix_leg_held", "leg", ["agent_id"], postgresql_where=sa.text("state = 'held'"))
    op.execute(DUE_INTERRUPTIONS)


def downgrade() -> None:
    op.execute("DROP FUNCTION due_interruptions(uuid[])")
    op.drop_index("ix_leg_held", "leg")
    op.drop_index("ix_leg_interrupts", "leg")
    op.drop_column("leg", "interrupts")
