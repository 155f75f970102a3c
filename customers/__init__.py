"""Who our customers are: identity, timeline, search."""
