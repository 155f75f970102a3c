"""Account teams of customers, and whom the customer of an interaction knows."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

GUARD = (
    "ALTER TABLE account_team ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE account_team FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant_isolation ON account_team TO touchpoint_api, touchpoint_worker"
    " USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)",
    "CREATE POLICY owner_sees_all ON account_team TO CURRENT_USER USING (true)",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON account_team TO touchpoint_api, touchpoint_worker",
)


def upgrade() -> None:
    op.create_table(
        "account_team",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "role IN ('account', 'solution', 'delivery')", name=op.f("ck_account_team_role_known")
        ),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agent.id"], name=op.f("fk_account_team_agent_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_account_team_customer_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_account_team_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("customer_id", "role", name=op.f("pk_account_team")),
    )
    for statement in GUARD:
        op.execute(statement)
    op.add_column(
        "interaction",
        sa.Column("account_team", postgresql.ARRAY(sa.Uuid()), nullable=False, server_default="{}"),
    )
    op.add_column("interaction", sa.Column("recent_agent_id", sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.drop_column("interaction", "recent_agent_id")
    op.drop_column("interaction", "account_team")
    op.drop_table("account_team")
