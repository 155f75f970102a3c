"""Who serves whom. All modules but `worker` and `trace` are pure: no clock, randomness, I/O or SQL."""
