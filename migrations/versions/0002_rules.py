"""Roles that own nothing, row-level security, the look-ups before a tenant is known, state guards."""

import sqlalchemy as sa
from alembic import op

from app.events import PARTITIONS

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INFRASTRUCTURE = (
    "event_log",
    "consumer_position",
    "partition_owner",
    "dead_letter",
    "delivery",
    "agent_lease",
    "login_failure",
    "installation",
    "alembic_version",
)

ROLES = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'touchpoint_api') THEN
    CREATE ROLE touchpoint_api NOLOGIN NOINHERIT; END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'touchpoint_worker') THEN
    CREATE ROLE touchpoint_worker NOLOGIN NOINHERIT; END IF;
  EXECUTE format('GRANT touchpoint_api, touchpoint_worker TO %I', current_user);
END $$;
GRANT USAGE ON SCHEMA public TO touchpoint_api, touchpoint_worker;
"""

TENANT_TABLES = """
DO $$ DECLARE t text; BEGIN
  FOR t IN SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname <> ALL (ARRAY[{infrastructure}])
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format(
      'CREATE POLICY tenant_isolation ON %I TO touchpoint_api, touchpoint_worker
       USING (%I = nullif(current_setting(''app.tenant_id'', true), '''')::uuid)',
      t, CASE t WHEN 'tenant' THEN 'id' ELSE 'tenant_id' END);
    EXECUTE format('CREATE POLICY owner_sees_all ON %I TO CURRENT_USER USING (true)', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO touchpoint_api, touchpoint_worker', t);
  END LOOP;
END $$;
"""

INFRASTRUCTURE_GRANTS = """
GRANT SELECT, INSERT, UPDATE, DELETE ON event_log, consumer_position, partition_owner, dead_letter, delivery,
  agent_lease TO touchpoint_worker;
GRANT SELECT ON installation TO touchpoint_api, touchpoint_worker;
GRANT SELECT, INSERT ON event_log TO touchpoint_api;
GRANT INSERT ON delivery, dead_letter TO touchpoint_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON agent_lease, login_failure TO touchpoint_api;
GRANT SELECT ON consumer_position TO touchpoint_api;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO touchpoint_api, touchpoint_worker;
REVOKE DELETE ON tenant FROM touchpoint_api, touchpoint_worker;
"""

LOOKUP = """
CREATE FUNCTION {name}({argument}) RETURNS SETOF {table} LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = public AS $$ SELECT * FROM {table} WHERE {condition} $$
"""

LOOKUPS = (
    ("find_tenant", "wanted text", "tenant", "key = wanted"),
    ("all_tenants", "", "tenant", "true"),
    ("find_endpoints", "wanted uuid DEFAULT NULL", "endpoint", "wanted IS NULL OR id = wanted"),
    ("find_refresh_session", "hash text", "refresh_session", "token_hash = hash"),
    ("find_api_key", "hash text", "api_key", "key_hash = hash"),
    ("find_visitor", "hash text", "visitor", "token_hash = hash"),
)


DUE_WORK = """
CREATE FUNCTION due_work(
  tenants uuid[], undelivered float8, warn float8, close float8, gone float8, calls float8)
  RETURNS TABLE (tenant_id uuid, kind text, id uuid) LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = public AS $$
  SELECT o.tenant_id, 'undelivered', o.interaction_id FROM offer o
    WHERE o.state = 'open' AND o.shown_at IS NULL AND o.tenant_id = ANY(tenants)
      AND o.created_at <= statement_timestamp() - make_interval(secs => undelivered)
  UNION SELECT l.tenant_id, 'lease', l.agent_id FROM agent_lease l
    WHERE l.expires_at <= statement_timestamp() AND l.tenant_id = ANY(tenants)
  UNION SELECT l.tenant_id, 'wrap_up', l.interaction_id FROM leg l
    WHERE l.state = 'wrap_up' AND l.wrap_up_due_at <= statement_timestamp() AND l.tenant_id = ANY(tenants)
  UNION SELECT i.tenant_id, 'parked', i.id FROM interaction i
    WHERE i.state = 'parked' AND i.parked_until <= statement_timestamp() AND i.tenant_id = ANY(tenants)
  UNION SELECT i.tenant_id, 'silence', i.id FROM interaction i
    WHERE i.state = 'active' AND i.channel = 'chat' AND i.tenant_id = ANY(tenants)
      AND i.last_touch_at > coalesce(i.last_customer_touch_at, '-infinity')
      AND i.last_touch_at <= statement_timestamp() - make_interval(secs =>
            CASE WHEN i.silence_warned_at >= i.last_touch_at THEN close ELSE warn END)
  UNION SELECT i.tenant_id, 'visitor_gone', i.id FROM interaction i
    WHERE i.customer_gone_at <= statement_timestamp() - make_interval(secs => gone)
      AND i.state IN ('queued', 'offered') AND i.tenant_id = ANY(tenants)
  UNION SELECT i.tenant_id, 'pending', i.id FROM interaction i
    WHERE i.pending_until <= statement_timestamp() AND i.tenant_id = ANY(tenants)
  UNION SELECT e.tenant_id, 'live_calls', e.id FROM endpoint e
    WHERE e.controls_calls AND e.retired_at IS NULL AND e.tenant_id = ANY(tenants)
      AND coalesce(e.calls_asked_at, '-infinity') <= statement_timestamp() - make_interval(secs => calls)
      AND EXISTS (SELECT FROM call c WHERE c.endpoint_id = e.id AND c.ended_at IS NULL)
$$
"""


def upgrade() -> None:
    listed = ", ".join(f"'{table}'" for table in INFRASTRUCTURE)
    for statement in (ROLES, TENANT_TABLES.format(infrastructure=listed), INFRASTRUCTURE_GRANTS):
        for part in _statements(statement):
            op.execute(part)
    for name, argument, table, condition in LOOKUPS:
        op.execute(LOOKUP.format(name=name, argument=argument, table=table, condition=condition))
    op.execute(DUE_WORK)
    op.execute(sa.text("INSERT INTO installation (id, partitions) VALUES (1, :n)").bindparams(n=PARTITIONS))


def _statements(script: str) -> list[str]:
    """asyncpg prepares one statement at a time: a leading `DO` block, then `;` at a line's end."""
    if script.lstrip().startswith("DO"):
        body, _, rest = script.partition("END $$;")
        return [body + "END $$", *[s for s in rest.split(";\n") if s.strip()]]
    return [s for s in script.split(";\n") if s.strip()]


def downgrade() -> None:
    raise RuntimeError("restore a backup: the first schema has nothing to go back to")
