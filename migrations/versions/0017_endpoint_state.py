"""What is remembered of endpoints' platforms; deliveries that fetch instead of send."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "endpoint_state",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("endpoint_id", "name", name="pk_endpoint_state"),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name="fk_endpoint_state_tenant_id", ondelete="CASCADE"
        ),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON endpoint_state TO touchpoint_worker")
    _kinds("message", "command", "media", "fetch")


def downgrade() -> None:
    op.execute("DELETE FROM delivery WHERE kind IN ('media', 'fetch')")
    _kinds("message", "command")
    op.drop_table("endpoint_state")


def _kinds(*kinds: str) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    op.drop_constraint("ck_delivery_kind_known", "delivery")
    op.create_check_constraint("ck_delivery_kind_known", "delivery", f"kind IN ({listed})")
