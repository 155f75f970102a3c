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

# Not SECURITY DEFINER, so that it is inlined. The same rule as `customers.identity.resolving`.
OWN_ADDRESSES = """
CREATE FUNCTION own_addresses(wanted uuid, moment timestamptz) RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
  SELECT l.address_id
  FROM customer_address own
  JOIN customer_address l ON l.address_id = own.address_id
    AND l.linked_at <= moment AND (l.unlinked_at IS NULL OR l.unlinked_at > moment)
  CROSS JOIN LATERAL (
    SELECT l.customer_id = wanted AS mine, NOT EXISTS (
      SELECT FROM customer_address p
      WHERE p.customer_id = l.customer_id AND p.verified
        AND p.linked_at <= moment AND (p.unlinked_at IS NULL OR p.unlinked_at > moment)) AS unproven) c
  WHERE own.customer_id = wanted
    AND own.linked_at <= moment AND (own.unlinked_at IS NULL OR own.unlinked_at > moment)
  GROUP BY l.address_id
  HAVING CASE WHEN bool_or(l.verified)
         THEN count(*) FILTER (WHERE l.verified) = 1 AND bool_or(l.verified AND c.mine)
         ELSE count(*) FILTER (WHERE c.unproven) = 1 AND bool_or(c.unproven AND c.mine) END
$$
"""

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
CREATE FUNCTION search_touches(words text, fragment text, customer uuid,
                               wanted_channel text, wanted_kind text,
                               older_at timestamptz, older_id uuid, moment timestamptz, most int)
  RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT t.id FROM touch t LEFT JOIN interaction i ON i.id = t.interaction_id
  WHERE t.tenant_id = current_tenant()
    AND ((i.picked_customer_id IS NULL
          AND t.address_id = ANY (ARRAY(SELECT own_addresses(customer, moment))))
         OR i.picked_customer_id = customer)
    AND (words IS NULL
         OR t.search @@ (plainto_tsquery('simple', words) || plainto_tsquery('english', words)))
    AND (fragment IS NULL OR t.text ILIKE fragment)
    AND (wanted_channel IS NULL OR t.channel = wanted_channel)
    AND (wanted_kind IS NULL OR t.kind = wanted_kind)
    AND (t.at, t.id) < (older_at, older_id) AND t.at <= moment
  ORDER BY t.at DESC, t.id DESC LIMIT most
$$
"""


def upgrade() -> None:
    for statement in (*INDEXES, CURRENT_TENANT, OWN_ADDRESSES, FIND_CUSTOMERS, SEARCH_TOUCHES):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP FUNCTION search_touches, find_customers, own_addresses, current_tenant")
    op.execute("DROP INDEX ix_customer_name_trigram, ix_address_value_trigram")
