"""How endpoints are: refused webhooks by minute, when what came in last, and what silence is too long."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

GUARD = (
    "ALTER TABLE refusal ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE refusal FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant_isolation ON refusal TO touchpoint_api, touchpoint_worker"
    " USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)",
    "CREATE POLICY owner_sees_all ON refusal TO CURRENT_USER USING (true)",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON refusal TO touchpoint_api, touchpoint_worker",
)


def upgrade() -> None:
    op.create_table(
        "refusal",
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_refusal_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("endpoint_id", "minute", name=op.f("pk_refusal")),
    )
    for statement in GUARD:
        op.execute(statement)
    op.add_column("endpoint", sa.Column("silent_after_seconds", sa.Integer(), nullable=True))
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_touch_inbound",
            "touch",
            ["tenant_id", "endpoint_id", "at"],
            postgresql_where=sa.text("direction = 'inbound'"),
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index("ix_touch_inbound", "touch", postgresql_concurrently=True)
    op.drop_column("endpoint", "silent_after_seconds")
    op.drop_table("refusal")
