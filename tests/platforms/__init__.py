"""Foreign services as fakes: one server per platform, as strict as the platform."""
