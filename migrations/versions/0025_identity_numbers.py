"""Identity numbers: what becomes of them at an endpoint, and those that are sealed beside a touch."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("touch", sa.Column("sealed_numbers", postgresql.ARRAY(sa.Text()), nullable=True))
    op.add_column(
        "endpoint", sa.Column("identity_numbers", sa.Text(), nullable=False, server_default="encrypt")
    )
    kinds = postgresql.ARRAY(sa.Text())
    op.add_column(
        "endpoint",
        sa.Column("identity_number_kinds", kinds, nullable=False, server_default="{cn_resident}"),
    )
    op.create_check_constraint(
        op.f("ck_endpoint_identity_numbers_known"),
        "endpoint",
        "identity_numbers IN ('keep', 'mask', 'encrypt')",
    )


def downgrade() -> None:
    op.drop_column("endpoint", "identity_number_kinds")
    op.drop_column("endpoint", "identity_numbers")
    op.drop_column("touch", "sealed_numbers")
