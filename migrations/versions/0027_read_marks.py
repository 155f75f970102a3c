"""Deliveries that tell a platform what was read: of the kind `mark`."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _kinds("message", "command", "media", "fetch", "mark")


def downgrade() -> None:
    op.execute("DELETE FROM delivery WHERE kind = 'mark'")
    _kinds("message", "command", "media", "fetch")


def _kinds(*kinds: str) -> None:
    """Whoever writes waits for the blink in which the rule is changed, not while the rows are read."""
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    op.execute("SET LOCAL lock_timeout = '10s'")
    for name in ("ck_delivery_kind_known", "ck_delivery_ck_delivery_kind_known"):  # as 0017 had called it
        op.execute(sa.text(f"ALTER TABLE delivery DROP CONSTRAINT IF EXISTS {name}"))
    rule = f"CHECK (kind IN ({listed})) NOT VALID"
    op.execute(sa.text(f"ALTER TABLE delivery ADD CONSTRAINT ck_delivery_kind_known {rule}"))
    op.execute("ALTER TABLE delivery VALIDATE CONSTRAINT ck_delivery_kind_known")
