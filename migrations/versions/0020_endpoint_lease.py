"""Who listens for an endpoint. Workers act for all tenants; the api shows each its own."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

GUARD = (
    "ALTER TABLE endpoint_lease ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE endpoint_lease FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant_isolation ON endpoint_lease TO touchpoint_api"
    " USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)",
    "CREATE POLICY worker_sees_all ON endpoint_lease TO touchpoint_worker USING (true)",
    "CREATE POLICY owner_sees_all ON endpoint_lease TO CURRENT_USER USING (true)",
    "GRANT SELECT ON endpoint_lease TO touchpoint_api",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON endpoint_lease TO touchpoint_worker",
)


def upgrade() -> None:
    op.create_table(
        "endpoint_lease",
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.Uuid(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.text("clock_timestamp()"),
        ),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_endpoint_lease_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("endpoint_id", name=op.f("pk_endpoint_lease")),
    )
    for statement in GUARD:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("endpoint_lease")
