"""Web self-service requests: one POST, one task or message on the timeline."""

from channels.form.adapter import FormAdapter, FormConfig

__all__ = ["FormAdapter", "FormConfig"]
