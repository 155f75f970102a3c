"""Search: trigram indexes, and functions with the tenant test written out. Under row-level security the GIN
indexes would not be used, since their operators are not leakproof."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

CURRENT_TENANT = """
CREATE FUNCTION current_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT nullif(current_setting('app.tenant_id', true), '')::uuid $$
"""

INDEXES = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE INDEX ix_customer_name_trigram ON customer USING gin (name gin_trgm_ops)",
    "CREATE INDEX ix_address_value_trigram ON address USING gin (value gin_trgm_ops)",
)

FIND_CUSTOMERS = """
CREATE FUNCTION find_customers(words text, fragment text, wanted_tier text, wanted_segment text,
                               before uuid, most int)
  RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  WITH found AS (
    SELECT c.id FROM customer c
      WHERE c.tenant_id = current_tenant() AND c.search @@ to_tsquery('simple', words)
    UNION
    SELECT c.id FROM customer c WHERE c.tenant_id = current_tenant() AND c.name ILIKE fragment
    UNION
    SELECT l.customer_id FROM address a
      JOIN customer_address l ON l.address_id = a.id AND l.unlinked_at IS NULL
      WHERE a.tenant_id = current_tenant() AND a.value ILIKE fragment)
  SELECT c.id FROM found JOIN customer c ON c.id = found.id
  WHERE (wanted_tier IS NULL OR c.tier = wanted_tier)
    AND (wanted_segment IS NULL OR c.segment = wanted_segment) AND (before IS NULL OR c.id < before)
  ORDER BY c.id DESC LIMIT most
$$
"""

SEARCH_TOUCHES = """
CREATE FUNCTION search_touches(words text, fragment text, addresses uuid[], customer uuid,
                               wanted_channel text, wanted_kind text,
                               older_at timestamptz, older_id uuid, as_of timestamptz, most int)
  RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT t.id FROM touch t LEFT JOIN interaction i ON i.id = t.interaction_id
  WHERE t.tenant_id = current_tenant()
    AND ((t.address_id = ANY (addresses) AND i.picked_customer_id IS NULL) OR i.picked_customer_id = customer)
    AND (words IS NULL
         OR t.search @@ (plainto_tsquery('simple', words) || plainto_tsquery('english', words)))
    AND (fragment IS NULL OR t.text ILIKE fragment)
    AND (wanted_channel IS NULL OR t.channel = wanted_channel)
    AND (wanted_kind IS NULL OR t.kind = wanted_kind)
    AND (t.at, t.id) < (older_at, older_id) AND t.at <= as_of
  ORDER BY t.at DESC, t.id DESC LIMIT most
$$
"""


def upgrade() -> None:
    for statement in (*INDEXES, CURRENT_TENANT, FIND_CUSTOMERS, SEARCH_TOUCHES):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP FUNCTION search_touches, find_customers, current_tenant")
    op.execute("DROP INDEX ix_customer_name_trigram, ix_address_value_trigram")
