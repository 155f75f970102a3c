"""Numbers that must not be kept in the open: payment cards and identity numbers, found and masked."""
