"""The first schema."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "consumer_position",
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("partition", sa.SmallInteger(), nullable=False),
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("snapshot_old", sa.Text(), nullable=True),
        sa.Column("snapshot_new", sa.Text(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("consumer", "partition", "log", name=op.f("pk_consumer_position")),
    )
    op.create_table(
        "dead_letter",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("consumer", sa.Text(), nullable=True),
        sa.Column("stream", sa.Text(), nullable=True),
        sa.Column("partition", sa.SmallInteger(), nullable=True),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("replayed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letter")),
    )
    op.create_index("ix_dead_letter_at", "dead_letter", ["at"], unique=False)
    op.create_table(
        "event_log",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "xid",
            sa.BigInteger(),
            server_default=sa.text("pg_current_xact_id()::text::bigint"),
            nullable=False,
        ),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("partition", sa.SmallInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_event_log")),
    )
    op.create_index(
        "ix_event_log_stream_partition", "event_log", ["stream", "partition", "position"], unique=False
    )
    op.create_index("ix_event_log_unread", "event_log", ["stream", "partition", "xid"], unique=False)
    op.create_table(
        "installation",
        sa.Column("id", sa.SmallInteger(), nullable=False),
        sa.Column("partitions", sa.SmallInteger(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.create_table(
        "login_failure",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_login_failure")),
    )
    op.create_table(
        "partition_owner",
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("partition", sa.SmallInteger(), nullable=False),
        sa.Column("owner", sa.Uuid(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column(
            "taken_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("consumer", "partition", name=op.f("pk_partition_owner")),
    )
    op.create_table(
        "tenant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("languages", postgresql.ARRAY(Text()), nullable=False),
        sa.Column("outbound_allow", postgresql.ARRAY(Text()), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenant")),
        sa.UniqueConstraint("key", name=op.f("uq_tenant_key")),
    )
    op.create_table(
        "address",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_address_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address")),
        sa.UniqueConstraint("tenant_id", "kind", "value", name=op.f("uq_address_tenant_id_kind_value")),
    )
    op.create_table(
        "agent",
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("roles", postgresql.ARRAY(Text()), nullable=False),
        sa.Column("teams", postgresql.ARRAY(Text()), nullable=False),
        sa.Column("channels", postgresql.ARRAY(Text()), nullable=False),
        sa.Column("skills", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("channel_max", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("units_max", sa.Integer(), nullable=False),
        sa.Column("units_held", sa.Integer(), nullable=False),
        sa.Column("units_excess", sa.Integer(), nullable=False),
        sa.Column(
            "presence",
            sa.Enum(
                "offline",
                "available",
                "break",
                "not_responding",
                name="presence",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("presence_reason", sa.Text(), nullable=True),
        sa.Column(
            "presence_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("chosen_presence", sa.Text(), nullable=True),
        sa.Column("chosen_reason", sa.Text(), nullable=True),
        sa.Column("signed_in", sa.Boolean(), nullable=False),
        sa.Column("lease_lost_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("idle_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "presence IN ('offline', 'available', 'break', 'not_responding')",
            name=op.f("ck_agent_presence_known"),
        ),
        sa.CheckConstraint("units_held - units_excess <= units_max", name=op.f("ck_agent_within_capacity")),
        sa.CheckConstraint("units_held >= 0 AND units_excess >= 0", name=op.f("ck_agent_units_not_negative")),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_agent_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent")),
        sa.UniqueConstraint("tenant_id", "email", name=op.f("uq_agent_tenant_id_email")),
    )
    op.create_table(
        "agent_lease",
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("process_id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_agent_lease_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("connection_id", name=op.f("pk_agent_lease")),
    )
    op.create_index(op.f("ix_agent_lease_expires_at"), "agent_lease", ["expires_at"], unique=False)
    op.create_index(
        op.f("ix_agent_lease_tenant_id_agent_id"), "agent_lease", ["tenant_id", "agent_id"], unique=False
    )
    op.create_table(
        "api_key",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_api_key_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_key_key_hash")),
    )
    op.create_table(
        "audit",
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_audit_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_at", "audit", ["tenant_id", "at"], unique=False)
    op.create_table(
        "customer",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=True),
        sa.Column("segment", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("attributes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("search", postgresql.TSVECTOR(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_customer_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
    )
    op.create_index("ix_customer_search", "customer", ["search"], unique=False, postgresql_using="gin")
    op.create_index("ix_customer_tenant_id_id", "customer", ["tenant_id", "id"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("interaction_id", sa.Uuid(), nullable=True),
        sa.Column("touch_id", sa.Uuid(), nullable=True),
        sa.Column("conversation", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("provider_key", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "claimed",
                "sent",
                "failed",
                "expired",
                name="deliverystate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column(
            "next_attempt_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("kind IN ('message', 'command')", name=op.f("ck_delivery_kind_known")),
        sa.CheckConstraint(
            "state IN ('pending', 'claimed', 'sent', 'failed', 'expired')",
            name=op.f("ck_delivery_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_delivery_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
    )
    op.create_index(
        "ix_delivery_due",
        "delivery",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('pending', 'claimed')"),
    )
    op.create_index(
        "ix_delivery_order",
        "delivery",
        ["conversation", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('pending', 'claimed')"),
    )
    op.create_index("ix_delivery_touch_id", "delivery", ["tenant_id", "touch_id"], unique=False)
    op.create_table(
        "delivery_key",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_delivery_key_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "scope", "key", name=op.f("pk_delivery_key")),
    )
    op.create_table(
        "endpoint",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("adapter", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("config", sa.LargeBinary(), nullable=False),
        sa.Column("controls_calls", sa.Boolean(), nullable=False),
        sa.Column("calls_asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_endpoint_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_endpoint")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_endpoint_tenant_id_key")),
    )
    op.create_table(
        "idempotent_answer",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_idempotent_answer_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "caller", "route", "key", name=op.f("pk_idempotent_answer")),
    )
    op.create_table(
        "policy",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column(
            "published_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_policy_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "version", name=op.f("pk_policy")),
    )
    op.create_table(
        "queue",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("closure", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_queue_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_queue_tenant_id_key")),
    )
    op.create_table(
        "receipt",
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_receipt_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt")),
    )
    op.create_index(
        "ix_receipt_provider_id", "receipt", ["tenant_id", "endpoint_id", "provider_id"], unique=False
    )
    op.create_table(
        "routing_journal",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("now_us", sa.BigInteger(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("decision_count", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_routing_journal_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_routing_journal")),
    )
    op.create_index(
        "ix_routing_journal_tenant_id", "routing_journal", ["tenant_id", "position"], unique=False
    )
    op.create_table(
        "team",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_team_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_team_tenant_id_key")),
    )
    op.create_table(
        "customer_address",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("address_id", sa.Uuid(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column(
            "linked_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("unlinked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["address_id"], ["address.id"], name=op.f("fk_customer_address_address_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_customer_address_customer_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_customer_address_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_address")),
    )
    op.create_index("ix_customer_address_address_id", "customer_address", ["address_id"], unique=False)
    op.create_index("ix_customer_address_customer_id", "customer_address", ["customer_id"], unique=False)
    op.create_index(
        "uq_customer_address_live",
        "customer_address",
        ["customer_id", "address_id"],
        unique=True,
        postgresql_where=sa.text("unlinked_at IS NULL"),
    )
    op.create_table(
        "device",
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("confirm_key", sa.Boolean(), nullable=False),
        sa.Column("hot_desk", sa.Boolean(), nullable=False),
        sa.Column("registered", sa.Boolean(), nullable=True),
        sa.Column("in_foreign_call", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agent.id"], name=op.f("fk_device_agent_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["endpoint.id"], name=op.f("fk_device_endpoint_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_device_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device")),
        sa.UniqueConstraint(
            "tenant_id", "agent_id", "endpoint_id", name=op.f("uq_device_tenant_id_agent_id_endpoint_id")
        ),
    )
    op.create_table(
        "interaction",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=True),
        sa.Column("address_id", sa.Uuid(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("picked_customer_id", sa.Uuid(), nullable=True),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "self_service",
                "scheduled",
                "queued",
                "offered",
                "connecting",
                "active",
                "wrap_up",
                "parked",
                "callback_waiting",
                "closed",
                "abandoned",
                name="state",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("relevant_version", sa.BigInteger(), nullable=False),
        sa.Column("conversation", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("preview", sa.Text(), nullable=True),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("boost_seconds", sa.Integer(), nullable=False),
        sa.Column("requirement", sa.Text(), nullable=True),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("preferred_agent_id", sa.Uuid(), nullable=True),
        sa.Column("last_agent_id", sa.Uuid(), nullable=True),
        sa.Column("entry_kind", sa.Text(), nullable=False),
        sa.Column("age_us", sa.BigInteger(), nullable=False),
        sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("queue_entered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("first_queued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_cause", sa.Text(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("customer_gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_customer_touch_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_touch_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("silence_warned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("parked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("parked_for", sa.Text(), nullable=True),
        sa.Column("follows_id", sa.Uuid(), nullable=True),
        sa.Column("disposition", sa.Text(), nullable=True),
        sa.Column("pending_command", sa.Text(), nullable=True),
        sa.Column("pending_command_id", sa.Uuid(), nullable=True),
        sa.Column("pending_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cool_downs", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("thread", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "direction IN ('inbound', 'outbound')", name=op.f("ck_interaction_direction_known")
        ),
        sa.CheckConstraint(
            "state IN ('self_service', 'scheduled', 'queued', 'offered', 'connecting', "
            "'active', 'wrap_up', 'parked', 'callback_waiting', 'closed', 'abandoned')",
            name=op.f("ck_interaction_state_known"),
        ),
        sa.ForeignKeyConstraint(["address_id"], ["address.id"], name=op.f("fk_interaction_address_id")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_interaction_customer_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["endpoint_id"], ["endpoint.id"], name=op.f("fk_interaction_endpoint_id")),
        sa.ForeignKeyConstraint(
            ["follows_id"], ["interaction.id"], name=op.f("fk_interaction_follows_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["last_agent_id"], ["agent.id"], name=op.f("fk_interaction_last_agent_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["picked_customer_id"],
            ["customer.id"],
            name=op.f("fk_interaction_picked_customer_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["preferred_agent_id"],
            ["agent.id"],
            name=op.f("fk_interaction_preferred_agent_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_interaction_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interaction")),
    )
    op.create_index(
        "ix_interaction_address_id", "interaction", ["tenant_id", "address_id", "created_at"], unique=False
    )
    op.create_index(
        "ix_interaction_conversation",
        "interaction",
        ["tenant_id", "endpoint_id", "conversation", "created_at"],
        unique=False,
    )
    op.create_index(
        "ix_interaction_customer_gone_at",
        "interaction",
        ["customer_gone_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('queued', 'offered')"),
    )
    op.create_index(
        "ix_interaction_customer_id", "interaction", ["tenant_id", "customer_id", "created_at"], unique=False
    )
    op.create_index(
        "ix_interaction_live",
        "interaction",
        ["tenant_id", "state", "queue"],
        unique=False,
        postgresql_where=sa.text("state NOT IN ('closed', 'abandoned')"),
    )
    op.create_index(
        "ix_interaction_parked_until",
        "interaction",
        ["parked_until"],
        unique=False,
        postgresql_where=sa.text("state = 'parked'"),
    )
    op.create_index(
        "ix_interaction_pending_until",
        "interaction",
        ["pending_until"],
        unique=False,
        postgresql_where=sa.text("pending_until IS NOT NULL"),
    )
    op.create_index(
        "ix_interaction_picked",
        "interaction",
        ["tenant_id", "picked_customer_id"],
        unique=False,
        postgresql_where=sa.text("picked_customer_id IS NOT NULL"),
    )
    op.create_index(
        "ix_interaction_picked_address",
        "interaction",
        ["tenant_id", "address_id"],
        unique=False,
        postgresql_where=sa.text("picked_customer_id IS NOT NULL"),
    )
    op.create_index(
        "uq_interaction_open_conversation",
        "interaction",
        ["tenant_id", "endpoint_id", "conversation"],
        unique=True,
        postgresql_where=sa.text(
            "conversation IS NOT NULL AND state NOT IN ('wrap_up', 'closed', 'abandoned')"
        ),
    )
    op.create_table(
        "presence_span",
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("presence", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agent.id"], name=op.f("fk_presence_span_agent_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_presence_span_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_presence_span")),
    )
    op.create_index("ix_presence_span_ended", "presence_span", ["tenant_id", "ended_at"], unique=False)
    op.create_index(
        "uq_presence_span_open",
        "presence_span",
        ["tenant_id", "agent_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "refresh_session",
        sa.Column("family_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agent.id"], name=op.f("fk_refresh_session_agent_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_refresh_session_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refresh_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_refresh_session_token_hash")),
    )
    op.create_index(op.f("ix_refresh_session_family_id"), "refresh_session", ["family_id"], unique=False)
    op.create_table(
        "visitor",
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("page", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column(
            "seen_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["endpoint.id"], name=op.f("fk_visitor_endpoint_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_visitor_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visitor")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_visitor_token_hash")),
    )
    op.create_table(
        "call",
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("interaction_id", sa.Uuid(), nullable=True),
        sa.Column("last_sequence", sa.BigInteger(), nullable=True),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("legs", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("bridged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("absent_count", sa.Integer(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["endpoint.id"], name=op.f("fk_call_endpoint_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["interaction_id"],
            ["interaction.id"],
            name=op.f("fk_call_interaction_id"),
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_call_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call")),
        sa.UniqueConstraint("endpoint_id", "call_id", name=op.f("uq_call_endpoint_id_call_id")),
    )
    op.create_index("ix_call_interaction_id", "call", ["interaction_id"], unique=False)
    op.create_index(
        "ix_call_live", "call", ["endpoint_id"], unique=False, postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_table(
        "leg",
        sa.Column("interaction_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column(
            "role",
            sa.Enum("primary", "consult", "conference", name="legrole", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "offered",
                "connecting",
                "active",
                "held",
                "wrap_up",
                "ended",
                name="legstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("device", sa.Text(), nullable=True),
        sa.Column("device_leg_id", sa.Text(), nullable=True),
        sa.Column("route_command_id", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("connect_deadline_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wrap_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wrap_up_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wrap_up_extended", sa.Boolean(), nullable=False),
        sa.Column("reassign_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_cause", sa.Text(), nullable=True),
        sa.Column("disposition", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name=op.f("ck_leg_ended_has_time")),
        sa.CheckConstraint("role IN ('primary', 'consult', 'conference')", name=op.f("ck_leg_role_known")),
        sa.CheckConstraint(
            "state IN ('offered', 'connecting', 'active', 'held', 'wrap_up', 'ended')",
            name=op.f("ck_leg_state_known"),
        ),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_leg_agent_id")),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interaction.id"], name=op.f("fk_leg_interaction_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_leg_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leg")),
    )
    op.create_index(
        "ix_leg_agent_live", "leg", ["agent_id"], unique=False, postgresql_where=sa.text("state <> 'ended'")
    )
    op.create_index("ix_leg_interaction_id", "leg", ["interaction_id"], unique=False)
    op.create_index(
        "ix_leg_wrap_up_due",
        "leg",
        ["wrap_up_due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'wrap_up'"),
    )
    op.create_index(
        "uq_leg_live_primary",
        "leg",
        ["interaction_id"],
        unique=True,
        postgresql_where=sa.text("role = 'primary' AND state IN ('offered', 'connecting', 'active', 'held')"),
    )
    op.create_table(
        "mail_reference",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("interaction_id", sa.Uuid(), nullable=False),
        sa.Column("address_id", sa.Uuid(), nullable=False),
        sa.Column("touch_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["interaction_id"],
            ["interaction.id"],
            name=op.f("fk_mail_reference_interaction_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_mail_reference_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "message_id", name=op.f("pk_mail_reference")),
    )
    op.create_table(
        "touch",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("interaction_id", sa.Uuid(), nullable=True),
        sa.Column("address_id", sa.Uuid(), nullable=True),
        sa.Column("endpoint_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=True),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("attachments", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("author", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("delivery_state", sa.Text(), nullable=True),
        sa.Column("delivery_hops", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("interaction_version", sa.BigInteger(), nullable=True),
        sa.Column("search", postgresql.TSVECTOR(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "direction IN ('inbound', 'outbound', 'internal')", name=op.f("ck_touch_direction_known")
        ),
        sa.CheckConstraint(
            "kind IN ('message', 'call', 'form', 'note', 'survey', 'order', 'system')",
            name=op.f("ck_touch_kind_known"),
        ),
        sa.ForeignKeyConstraint(["address_id"], ["address.id"], name=op.f("fk_touch_address_id")),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interaction.id"], name=op.f("fk_touch_interaction_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_touch_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_touch")),
    )
    op.create_index("ix_touch_address_at", "touch", ["tenant_id", "address_id", "at", "id"], unique=False)
    op.create_index(
        "ix_touch_interaction_at", "touch", ["tenant_id", "interaction_id", "at", "id"], unique=False
    )
    op.create_index(
        "ix_touch_provider_id",
        "touch",
        ["tenant_id", "endpoint_id", "provider_id"],
        unique=False,
        postgresql_where=sa.text("provider_id IS NOT NULL"),
    )
    op.create_index("ix_touch_search", "touch", ["search"], unique=False, postgresql_using="gin")
    op.create_table(
        "attachment",
        sa.Column("touch_id", sa.Uuid(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content_id", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "touch_id"],
            ["touch.tenant_id", "touch.id"],
            name=op.f("fk_attachment_tenant_id_touch_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_attachment_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
    )
    op.create_index("ix_attachment_sha256", "attachment", ["tenant_id", "sha256"], unique=False)
    op.create_index("ix_attachment_touch_id", "attachment", ["tenant_id", "touch_id"], unique=False)
    op.create_table(
        "offer",
        sa.Column("interaction_id", sa.Uuid(), nullable=False),
        sa.Column("leg_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "accepted",
                "declined",
                "missed",
                "revoked",
                name="offerstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waited_us", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'accepted', 'declined', 'missed', 'revoked')",
            name=op.f("ck_offer_state_known"),
        ),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_offer_agent_id")),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interaction.id"], name=op.f("fk_offer_interaction_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["leg_id"], ["leg.id"], name=op.f("fk_offer_leg_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_offer_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer")),
    )
    op.create_index(
        "ix_offer_agent_open", "offer", ["agent_id"], unique=False, postgresql_where=sa.text("state = 'open'")
    )
    op.create_index("ix_offer_tenant_created", "offer", ["tenant_id", "created_at"], unique=False)
    op.create_index(
        "uq_offer_open", "offer", ["interaction_id"], unique=True, postgresql_where=sa.text("state = 'open'")
    )
    op.create_table(
        "segment",
        sa.Column("interaction_id", sa.Uuid(), nullable=False),
        sa.Column("leg_id", sa.Uuid(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "self_service",
                "queue",
                "offer",
                "connect",
                "agent",
                "hold",
                "consult",
                "wrap_up",
                "callback",
                "parked",
                "closed_door",
                name="segmentkind",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("agent_id", sa.Uuid(), nullable=True),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("entry_kind", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('self_service', 'queue', 'offer', 'connect', 'agent', 'hold', "
            "'consult', 'wrap_up', 'callback', 'parked', 'closed_door')",
            name=op.f("ck_segment_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interaction.id"], name=op.f("fk_segment_interaction_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["leg_id"], ["leg.id"], name=op.f("fk_segment_leg_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_segment_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segment")),
    )
    op.create_index("ix_segment_ended", "segment", ["tenant_id", "kind", "ended_at"], unique=False)
    op.create_index("ix_segment_interaction_id", "segment", ["interaction_id", "started_at"], unique=False)
    op.create_index(
        "ix_segment_open",
        "segment",
        ["tenant_id", "kind"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("ix_segment_started", "segment", ["tenant_id", "kind", "started_at"], unique=False)
    op.create_index(
        "uq_segment_open_entry",
        "segment",
        ["interaction_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'queue' AND ended_at IS NULL"),
    )
    op.create_table(
        "decision",
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("interaction_id", sa.Uuid(), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column(
            "decided_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["offer_id"], ["offer.id"], name=op.f("fk_decision_offer_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_decision_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
        sa.UniqueConstraint("offer_id", name=op.f("uq_decision_offer_id")),
    )
    op.create_index("ix_decision_interaction_id", "decision", ["interaction_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_decision_interaction_id", table_name="decision")
    op.drop_table("decision")
    op.drop_index(
        "uq_segment_open_entry",
        table_name="segment",
        postgresql_where=sa.text("kind = 'queue' AND ended_at IS NULL"),
    )
    op.drop_index("ix_segment_started", table_name="segment")
    op.drop_index("ix_segment_open", table_name="segment", postgresql_where=sa.text("ended_at IS NULL"))
    op.drop_index("ix_segment_interaction_id", table_name="segment")
    op.drop_index("ix_segment_ended", table_name="segment")
    op.drop_table("segment")
    op.drop_index("uq_offer_open", table_name="offer", postgresql_where=sa.text("state = 'open'"))
    op.drop_index("ix_offer_tenant_created", table_name="offer")
    op.drop_index("ix_offer_agent_open", table_name="offer", postgresql_where=sa.text("state = 'open'"))
    op.drop_table("offer")
    op.drop_index("ix_attachment_touch_id", table_name="attachment")
    op.drop_index("ix_attachment_sha256", table_name="attachment")
    op.drop_table("attachment")
    op.drop_index("ix_touch_search", table_name="touch", postgresql_using="gin")
    op.drop_index(
        "ix_touch_provider_id", table_name="touch", postgresql_where=sa.text("provider_id IS NOT NULL")
    )
    op.drop_index("ix_touch_interaction_at", table_name="touch")
    op.drop_index("ix_touch_address_at", table_name="touch")
    op.drop_table("touch")
    op.drop_table("mail_reference")
    op.drop_index(
        "uq_leg_live_primary",
        table_name="leg",
        postgresql_where=sa.text("role = 'primary' AND state IN ('offered', 'connecting', 'active', 'held')"),
    )
    op.drop_index("ix_leg_wrap_up_due", table_name="leg", postgresql_where=sa.text("state = 'wrap_up'"))
    op.drop_index("ix_leg_interaction_id", table_name="leg")
    op.drop_index("ix_leg_agent_live", table_name="leg", postgresql_where=sa.text("state <> 'ended'"))
    op.drop_table("leg")
    op.drop_index("ix_call_live", table_name="call", postgresql_where=sa.text("ended_at IS NULL"))
    op.drop_index("ix_call_interaction_id", table_name="call")
    op.drop_table("call")
    op.drop_table("visitor")
    op.drop_index(op.f("ix_refresh_session_family_id"), table_name="refresh_session")
    op.drop_table("refresh_session")
    op.drop_index(
        "uq_presence_span_open", table_name="presence_span", postgresql_where=sa.text("ended_at IS NULL")
    )
    op.drop_index("ix_presence_span_ended", table_name="presence_span")
    op.drop_table("presence_span")
    op.drop_index(
        "uq_interaction_open_conversation",
        table_name="interaction",
        postgresql_where=sa.text(
            "conversation IS NOT NULL AND state NOT IN ('wrap_up', 'closed', 'abandoned')"
        ),
    )
    op.drop_index(
        "ix_interaction_picked_address",
        table_name="interaction",
        postgresql_where=sa.text("picked_customer_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_interaction_picked",
        table_name="interaction",
        postgresql_where=sa.text("picked_customer_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_interaction_pending_until",
        table_name="interaction",
        postgresql_where=sa.text("pending_until IS NOT NULL"),
    )
    op.drop_index(
        "ix_interaction_parked_until", table_name="interaction", postgresql_where=sa.text("state = 'parked'")
    )
    op.drop_index(
        "ix_interaction_live",
        table_name="interaction",
        postgresql_where=sa.text("state NOT IN ('closed', 'abandoned')"),
    )
    op.drop_index("ix_interaction_customer_id", table_name="interaction")
    op.drop_index(
        "ix_interaction_customer_gone_at",
        table_name="interaction",
        postgresql_where=sa.text("state IN ('queued', 'offered')"),
    )
    op.drop_index("ix_interaction_conversation", table_name="interaction")
    op.drop_index("ix_interaction_address_id", table_name="interaction")
    op.drop_table("interaction")
    op.drop_table("device")
    op.drop_index(
        "uq_customer_address_live",
        table_name="customer_address",
        postgresql_where=sa.text("unlinked_at IS NULL"),
    )
    op.drop_index("ix_customer_address_customer_id", table_name="customer_address")
    op.drop_index("ix_customer_address_address_id", table_name="customer_address")
    op.drop_table("customer_address")
    op.drop_table("team")
    op.drop_index("ix_routing_journal_tenant_id", table_name="routing_journal")
    op.drop_table("routing_journal")
    op.drop_index("ix_receipt_provider_id", table_name="receipt")
    op.drop_table("receipt")
    op.drop_table("queue")
    op.drop_table("policy")
    op.drop_table("idempotent_answer")
    op.drop_table("endpoint")
    op.drop_table("delivery_key")
    op.drop_index("ix_delivery_touch_id", table_name="delivery")
    op.drop_index(
        "ix_delivery_order",
        table_name="delivery",
        postgresql_where=sa.text("state IN ('pending', 'claimed')"),
    )
    op.drop_index(
        "ix_delivery_due", table_name="delivery", postgresql_where=sa.text("state IN ('pending', 'claimed')")
    )
    op.drop_table("delivery")
    op.drop_index("ix_customer_tenant_id_id", table_name="customer")
    op.drop_index("ix_customer_search", table_name="customer", postgresql_using="gin")
    op.drop_table("customer")
    op.drop_index("ix_audit_at", table_name="audit")
    op.drop_table("audit")
    op.drop_table("api_key")
    op.drop_index(op.f("ix_agent_lease_tenant_id_agent_id"), table_name="agent_lease")
    op.drop_index(op.f("ix_agent_lease_expires_at"), table_name="agent_lease")
    op.drop_table("agent_lease")
    op.drop_table("agent")
    op.drop_table("address")
    op.drop_table("tenant")
    op.drop_table("partition_owner")
    op.drop_table("login_failure")
    op.drop_table("installation")
    op.drop_index("ix_event_log_unread", table_name="event_log")
    op.drop_index("ix_event_log_stream_partition", table_name="event_log")
    op.drop_table("event_log")
    op.drop_index("ix_dead_letter_at", table_name="dead_letter")
    op.drop_table("dead_letter")
    op.drop_table("consumer_position")
