"""Who types in which conversation: told by NOTIFY from one api process to the others, never stored."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError

EVERY_SECONDS = 2.0
"""More often it is not told on."""


class TypingNotice(BaseModel):
    """`agent_ids`: whose desktops show the conversation, where a customer types."""

    model_config = ConfigDict(frozen=True)
    tenant_id: UUID
    interaction_id: UUID
    by: Literal["customer", "agent"]
    agent_ids: tuple[UUID, ...] = ()

    @classmethod
    def read(cls, payload: str) -> "TypingNotice | None":
        """None for what says nothing (a gap)."""
        try:
            return cls.model_validate_json(payload)
        except ValidationError:
            return None
