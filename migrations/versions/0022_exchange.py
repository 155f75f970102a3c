"""The exchange log, endpoints in trouble, and an index for the kinds of deliveries that are claimed apart."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

OWN_ROWS = "USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)"
GUARD = (
    "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
    "CREATE POLICY owner_sees_all ON {table} TO CURRENT_USER USING (true)",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO touchpoint_worker",
    "GRANT SELECT ON {table} TO touchpoint_api",
)
POLICIES = (
    f"CREATE POLICY tenant_isolation ON exchange TO touchpoint_api, touchpoint_worker {OWN_ROWS}",
    f"CREATE POLICY tenant_isolation ON circuit TO touchpoint_api {OWN_ROWS}",
    "CREATE POLICY senders_see_all ON circuit TO touchpoint_worker USING (true)",
)


def upgrade() -> None:
    _create_exchange()
    _create_circuit()
    for table in ("exchange", "circuit"):
        for statement in GUARD:
            op.execute(statement.format(table=table))
    for policy in POLICIES:
        op.execute(policy)
    op.drop_index("ix_delivery_due", "delivery")
    _index_due(["kind", "next_attempt_at"])


def downgrade() -> None:
    op.drop_index("ix_delivery_due", "delivery")
    _index_due(["next_attempt_at"])
    op.drop_table("circuit")
    op.drop_table("exchange")


def _index_due(columns: list[str]) -> None:
    unsettled = sa.text("state IN ('pending', 'claimed')")
    op.create_index("ix_delivery_due", "delivery", columns, postgresql_where=unsettled)


def _create_exchange() -> None:
    op.create_table(
        "exchange",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("interaction_id", sa.Uuid(), nullable=True),
        sa.Column("touch_id", sa.Uuid(), nullable=True),
        sa.Column("delivery_id", sa.Uuid(), nullable=True),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("response", sa.Text(), nullable=False),
        sa.CheckConstraint("direction IN ('out', 'in')", name=op.f("ck_exchange_direction_known")),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_exchange_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exchange")),
    )
    for column in ("touch_id", "interaction_id"):
        op.create_index(
            f"ix_exchange_{column}",
            "exchange",
            ["tenant_id", column],
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
    op.create_index("ix_exchange_endpoint_id", "exchange", ["tenant_id", "endpoint_id", "at"])


def _create_circuit() -> None:
    op.create_table(
        "circuit",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("probes", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resting_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_circuit_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("endpoint_id", name=op.f("pk_circuit")),
    )
