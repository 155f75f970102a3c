"""The OpenAPI document that the pages' types are made from.

`python -m tests.web.document` writes it to web/openapi.json; the build of the pages makes types of it.
"""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from app.container import Container
from app.main import create_app
from app.settings import Settings

FILE = Path(__file__).parents[2] / "web" / "openapi.json"


def document() -> dict[str, Any]:
    """As the api serves it; nothing is started. The version is left out: it changes with every release."""
    app = create_app(cast(Container, SimpleNamespace(settings=Settings())))
    made = app.openapi()
    made["info"].pop("version")
    return made


def written(made: dict[str, Any]) -> str:
    return json.dumps(made, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    FILE.write_text(written(document()))
