"""Who still waits long after closing time, over all tenants of a worker."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

DRAINED_WORK = """
CREATE FUNCTION drained_work(tenants uuid[], queues text[], channels text[], entered_before timestamptz[])
  RETURNS TABLE (tenant_id uuid, kind text, id uuid) LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = public AS $$
  SELECT i.tenant_id, 'drained', i.id
  FROM unnest(tenants, queues, channels, entered_before) AS d (tenant_id, queue, channel, entered_before)
  JOIN interaction i ON i.tenant_id = d.tenant_id AND i.queue = d.queue AND i.channel = d.channel
    AND i.state = 'queued' AND i.queue_entered_at <= d.entered_before
$$
"""


def upgrade() -> None:
    op.execute(DRAINED_WORK)


def downgrade() -> None:
    op.execute("DROP FUNCTION drained_work(uuid[], text[], text[], timestamptz[])")
