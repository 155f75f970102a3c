"""Files that came with a mail and are stored already: rows and the touch's list are made of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from models.attachment import Attachment
from models.touch import Touch


@dataclass(frozen=True, slots=True)
class StoredFile:
    """An attachment that becomes a row with its touch; `shown`: it stands in the touch."""

    id: UUID
    sha256: str
    name: str
    content_type: str
    size: int
    content_id: str | None = None
    shown: bool = True

    def item(self) -> dict[str, Any]:
        """As it stands in a touch."""
        item = {"id": str(self.id), "name": self.name, "type": self.content_type, "size": self.size}
        return item if self.content_id is None else {**item, "content_id": self.content_id}


def shown(files: Sequence[StoredFile]) -> list[dict[str, Any]]:
    return [file.item() for file in files if file.shown]


def rows(files: Sequence[StoredFile], touch: Touch) -> list[Attachment]:
    """Hanging on their touch."""
    return [
        Attachment(
            id=file.id,
            tenant_id=touch.tenant_id,
            touch_id=touch.id,
            owner=None,
            name=file.name,
            content_type=file.content_type,
            size=file.size,
            sha256=file.sha256,
            content_id=file.content_id,
        )
        for file in files
    ]
