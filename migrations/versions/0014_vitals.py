"""Whether routing keeps its laws: one row a tenant, and all tenants in one for the operator's monitoring."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

GUARDED = (
    "ALTER TABLE routing_vitals ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE routing_vitals FORCE ROW LEVEL SECURITY",
    """
    CREATE POLICY tenant_isolation ON routing_vitals TO touchpoint_api, touchpoint_worker
      USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    """,
    "CREATE POLICY owner_sees_all ON routing_vitals TO CURRENT_USER USING (true)",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON routing_vitals TO touchpoint_api, touchpoint_worker",
)

# Sums over tenants: they tell nothing about any one of them.
OF_ALL = """
CREATE FUNCTION all_routing_vitals()
  RETURNS TABLE (breach_seconds float8, overtakes bigint, double_legs bigint, oldest_eligible_seconds float8,
                 not_responding bigint, alarms bigint, unchecked_seconds float8)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT coalesce(sum(breach_us), 0)::float8 / 1000000, coalesce(sum(overtakes), 0)::bigint,
         coalesce(sum(double_legs), 0)::bigint, coalesce(max(oldest_eligible_us), 0)::float8 / 1000000,
         coalesce(sum(not_responding), 0)::bigint, coalesce(sum(alarms), 0)::bigint,
         coalesce(extract(epoch FROM statement_timestamp() - min(checked_at)), 0)::float8
  FROM routing_vitals
$$
"""


def upgrade() -> None:
    op.create_table(
        "routing_vitals",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column(
            "checked_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("counted_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("breach_us", sa.BigInteger(), nullable=False),
        sa.Column("overtakes", sa.BigInteger(), nullable=False),
        sa.Column("double_legs", sa.Integer(), nullable=False),
        sa.Column("oldest_eligible_us", sa.BigInteger(), nullable=True),
        sa.Column("not_responding", sa.Integer(), nullable=False),
        sa.Column("alarms", sa.Integer(), nullable=False),
        sa.Column("queues", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_routing_vitals_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_routing_vitals")),
    )
    for statement in (*GUARDED, OF_ALL):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP FUNCTION all_routing_vitals")
    op.drop_table("routing_vitals")
