"""Alembic migrations; they travel in the wheel, so that `touchpoint migrate` needs no checkout."""
