"""The event log: one port, two logs (PostgreSQL, Kafka), one consumer runner."""
