"""What the Cloud API takes: members, lengths, files and templates, as Meta's reference says."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from starlette.datastructures import FormData, UploadFile

MEGABYTE = 1024 * 1024
LIMITS = {"image": 5 * MEGABYTE, "video": 16 * MEGABYTE, "audio": 16 * MEGABYTE, "document": 100 * MEGABYTE}
TYPES = {
    "image": {"image/jpeg", "image/png"},
    "video": {"video/mp4", "video/3gpp"},
    "audio": {"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"},
    "document": {
        "application/pdf",
        "text/plain",
        "application/msword",
        "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    },
}
ANY_TYPE = set().union(*TYPES.values())
TEMPLATES = {("order_ready", "zh_CN"): 2, ("order_ready", "en_US"): 2, ("hello_world", "en_US"): 0}
"""Approved ones, and the gaps of their bodies."""

Files = Mapping[str, tuple[str, bytes]]


class Refused(Exception):
    def __init__(self, code: int, details: str, status: int = 400) -> None:
        super().__init__(details)
        self.code, self.details, self.status = code, details, status


def check_message(body: Mapping[str, Any], files: Files) -> None:
    _need(body.get("messaging_product") == "whatsapp", "messaging_product")
    _need(body.get("recipient_type", "individual") == "individual", "recipient_type")
    _need(bool(re.fullmatch(r"\+?[0-9]{5,20}", str(body.get("to", "")))) or bool(body.get("recipient")), "to")
    _need(len(str(body.get("biz_opaque_callback_data", ""))) <= 512, "biz_opaque_callback_data")
    context = body.get("context")
    if context is not None:
        _need(
            isinstance(context, dict) and str(context.get("message_id", "")).startswith("wamid."), "context"
        )
    kind = body.get("type")
    check = _CHECKS.get(str(kind))
    content = body.get(str(kind))
    if check is None or not isinstance(content, dict):
        raise Refused(131009, f"Parameter value is not valid: type {kind}")
    check(str(kind), content, files)


def check_read(body: Mapping[str, Any]) -> None:
    """Of a mark, with which "somebody writes" may be shown."""
    known = {"messaging_product", "status", "message_id", "typing_indicator"}
    _need(body.get("messaging_product") == "whatsapp" and not set(body) - known, "messaging_product")
    _need(isinstance(body.get("message_id"), str), "message_id")
    _need(body.get("typing_indicator", {"type": "text"}) == {"type": "text"}, "typing_indicator")


async def check_file(form: FormData) -> tuple[str, bytes]:
    _need(form.get("messaging_product") == "whatsapp", "messaging_product")
    file, content_type = form.get("file"), str(form.get("type", "")).partition(";")[0]
    if not isinstance(file, UploadFile):
        raise Refused(100, "Param file must be a file")
    if content_type not in ANY_TYPE:
        raise Refused(100, f"Param file must be a file with one of the following types: {sorted(ANY_TYPE)}")
    content = await file.read()
    _need(0 < len(content) <= LIMITS["document"], "file size")
    return content_type, content


def _need(fits: bool, what: str) -> None:
    if not fits:
        raise Refused(131009, f"Parameter value is not valid: {what}")


def _text(_kind: str, content: Mapping[str, Any], _files: Files) -> None:
    _need(isinstance(content.get("preview_url", False), bool), "preview_url")
    _need(0 < len(content.get("body", "")) <= 4096, "text body")


def _file(kind: str, content: Mapping[str, Any], files: Files) -> None:
    _need(content.get("id") in files, f"{kind} id")
    content_type, stored = files[content["id"]]
    _need(kind == "document" or content_type in TYPES[kind], f"{kind} type")
    _need(len(stored) <= LIMITS[kind], f"{kind} size")
    _need("caption" not in content or kind != "audio", "caption")
    _need(len(content.get("caption", "x")) in range(1, 1025), "caption")
    _need("filename" not in content or kind == "document", "filename")


def _interactive(_kind: str, content: Mapping[str, Any], _files: Files) -> None:
    action, text = content.get("action", {}), content.get("body", {}).get("text", "")
    _need(0 < len(text) <= 1024, "interactive body")
    if content.get("type") == "button":
        titles = [button["reply"]["title"] for button in action["buttons"]]
        _need(1 <= len(titles) <= 3 and len(set(titles)) == len(titles), "buttons")
        _need(all(0 < len(title) <= 20 for title in titles), "button title")
        return
    _need(content.get("type") == "list" and 0 < len(action.get("button", "")) <= 20, "list")
    rows = [row for section in action["sections"] for row in section["rows"]]
    _need(1 <= len(rows) <= 10 and all(0 < len(row["title"]) <= 24 for row in rows), "rows")


def _template(_kind: str, content: Mapping[str, Any], _files: Files) -> None:
    key = (content.get("name"), content.get("language", {}).get("code"))
    gaps = TEMPLATES.get(key)  # type: ignore[arg-type]
    if gaps is None:
        raise Refused(132001, "Template name does not exist in the translation", 404)
    given = [part for part in content.get("components", ()) if part["type"] == "body"]
    values = [value["text"] for part in given for value in part["parameters"]]
    if len(values) != gaps:
        raise Refused(132000, "Number of parameters does not match the expected number of params")
    if any(re.search(r"[\n\t]| {5}", value) for value in values):
        raise Refused(
            132012, "Param text cannot have new-line/tab characters or more than 4 consecutive spaces"
        )


_CHECKS: Mapping[str, Callable[[str, Mapping[str, Any], Files], None]] = {
    "text": _text,
    "image": _file,
    "video": _file,
    "audio": _file,
    "document": _file,
    "interactive": _interactive,
    "template": _template,
}
