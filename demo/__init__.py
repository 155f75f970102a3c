"""The demo: a believable company, played customers and agents, real protocols."""
