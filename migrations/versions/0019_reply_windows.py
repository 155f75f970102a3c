"""Reply windows of messengers, and what an interaction shows of its customer's."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

GUARD = (
    "ALTER TABLE reply_window ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE reply_window FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant_isolation ON reply_window TO touchpoint_api, touchpoint_worker"
    " USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)",
    "CREATE POLICY owner_sees_all ON reply_window TO CURRENT_USER USING (true)",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON reply_window TO touchpoint_api, touchpoint_worker",
)


def upgrade() -> None:
    op.create_table(
        "reply_window",
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("address_id", sa.Uuid(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("messages_left", sa.Integer(), nullable=True),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["address_id"], ["address.id"], name=op.f("fk_reply_window_address_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_reply_window_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("endpoint_id", "address_id", "seconds", name=op.f("pk_reply_window")),
    )
    for statement in GUARD:
        op.execute(statement)
    op.add_column("interaction", sa.Column("reply_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("interaction", sa.Column("replies_left", sa.Integer(), nullable=True))
    op.add_column("interaction", sa.Column("reply_due_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for column in ("reply_due_at", "replies_left", "reply_until"):
        op.drop_column("interaction", column)
    op.drop_table("reply_window")
