"""Messengers' customers who say nothing: work that is to be put aside, and put-aside work that is over."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

DUE_MESSAGING = """
CREATE FUNCTION due_messaging(tenants uuid[], quiet float8)
  RETURNS TABLE (tenant_id uuid, kind text, id uuid)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT i.tenant_id, 'quiet', i.id FROM interaction i
    WHERE i.state = 'active' AND i.channel = 'messaging' AND i.tenant_id = ANY(tenants)
      AND i.last_touch_at > coalesce(i.last_customer_touch_at, '-infinity')
      AND i.last_touch_at <= statement_timestamp() - make_interval(secs => quiet)
  UNION ALL SELECT i.tenant_id, 'reply_over', i.id FROM interaction i
    WHERE i.state = 'parked' AND i.parked_for = 'customer' AND i.tenant_id = ANY(tenants)
      AND i.reply_until <= statement_timestamp()
$$
"""


def upgrade() -> None:
    op.execute(sa.text(DUE_MESSAGING))


def downgrade() -> None:
    op.execute("DROP FUNCTION due_messaging(uuid[], float8)")
