"""What a new version of the policy says otherwise, in plain lines: `~ queue billing: head start 0 → 60 s`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from textwrap import shorten
from typing import Any, Final, Literal, NamedTuple

Document = Mapping[str, Any]
Place = tuple[str, tuple[str, ...]]
"""(`where` of a change, what comes before its `what`)."""


_PARTS: Final = {"tiers": "tier", "queues": "queue", "calendars": "calendar", "address_book": "address"}
_NESTED: Final = frozenset({"channels", "handling", "promise_us", "weekly", "dates", "prefer", "wrap_up"})
_SILENT: Final = frozenset({"channels", "handling"})
_UNSAID: Final = {"order": "urgency", "strategy": "longest_idle", "accept": "desktop", "decline": "allowed"}
_WORDS: Final = {
    "live": "service class",
    "cool_down_us": "decline cool-down",
    "reassign_us": "reassign after",
    "promise_live_us": "promise",
    "wrap_up": "wrap-up",
}
_DATES_MAX: Final = 10
_TEXTS: Final = frozenset({"signature", "text"})
_TEXT_MAX: Final = 60


class Change(NamedTuple):
    """`where` is `queue billing` or the like, empty for the whole tenant; `what` is the setting in words,
    empty when all of it came or went. `before` and `after` are as published (times in microseconds)."""

    sign: Literal["+", "~", "-"]
    where: str
    what: str
    before: Any
    after: Any
    key: str = ""

    def line(self) -> str:
        place = ": ".join(part for part in (self.where, self.what) if part)
        is_one_value = self.sign == "~" and self.key
        return f"{self.sign} {place} {self._values()}" if is_one_value else f"{self.sign} {place}"

    def _values(self) -> str:
        before, after = _said(self.key, self.before), _said(self.key, self.after)
        unit = " s" if _is_time(self.key) else ""
        return f"{before} → {after}{unit if self.after is not None else ''}"


def differences(before: Document, after: Document) -> list[Change]:
    """From one published document to the next. A key that an old one lacks had its default then."""
    found: list[Change] = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if name in _PARTS:
            found += _of_parts(_PARTS[name], old or [], new or [])
        elif isinstance(old or new, Mapping):
            found += _of_mapping("", (_words(name),), old or {}, new or {})
        else:
            found += _of_value("", (), name, old, new)
    return found


def _of_parts(noun: str, before: Sequence[Document], after: Sequence[Document]) -> Iterator[Change]:
    yield from _of_named("key", before, after, lambda key: (f"{noun} {key}", ()))
    old, new = ([part["key"] for part in parts] for parts in (before, after))
    kept = [[key for key in keys if key in old and key in new] for keys in (old, new)]
    if noun == "tier" and kept[0] != kept[1]:
        yield Change("~", "tiers", "order", old, new, "order")


def _of_named(
    by: str, before: Sequence[Document], after: Sequence[Document], place: Callable[[str], Place]
) -> Iterator[Change]:
    """Things that have a name, which is their member `by`: what came, what went, what is otherwise."""
    old, new = ({thing[by]: thing for thing in things} for things in (before, after))
    for name in sorted(old.keys() | new.keys()):
        where, path = place(name)
        if name not in old:
            came = (*path, _membership(new[name])) if by == "team" else path
            yield Change("+", where, ", ".join(came), None, new[name])
        elif name not in new:
            yield Change("-", where, ", ".join(path), old[name], None)
        else:
            yield from _of_mapping(where, path, old[name], new[name])


def _of_mapping(where: str, path: tuple[str, ...], before: Document, after: Document) -> list[Change]:
    found: list[Change] = []
    for name in sorted(before.keys() | after.keys()):
        unsaid = "not_allowed" if (*path, name) == ("voice", "decline") else _UNSAID.get(name)
        old, new = before.get(name, unsaid), after.get(name, unsaid)
        if name in _NESTED or isinstance(old or new, Mapping):
            deeper = path if name in _SILENT else (*path, _words(name))
            parts = _of_mapping(where, deeper, _leaves(name, old or {}), _leaves(name, new or {}))
            found += _summed_up(where, name, parts)
        elif name == "teams":
            found += _of_named("team", old or [], new or [], lambda team: (where, (f"team {team}",)))
        elif name == "templates":
            found += _of_named("key", old or [], new or [], lambda key: (where, (f"template {key}",)))
        elif name in ("steps", "lend"):
            found += _of_lines(where, old or [], new or [])
        else:
            found += _of_value(where, path, name, old, new, name in before and name in after)
    return found


def _leaves(name: str, mapping: Document) -> Document:
    """Times by channel keep saying that they are times, and a date without hours that it is closed."""
    if name == "dates":
        return {date: ", ".join(hours) or "closed" for date, hours in mapping.items()}
    return {f"{key}_us": value for key, value in mapping.items()} if name.endswith("_us") else mapping


def _summed_up(where: str, name: str, found: list[Change]) -> list[Change]:
    """Holidays of many years are not listed one by one."""
    if name != "dates" or len(found) <= _DATES_MAX:
        return found
    return [Change("~", where, f"hours of {len(found)} dates", None, None)]


def _membership(member: Document) -> str:
    return f"rank {member['rank']}, delay {_seconds(member['delay_us'])} s"


def _of_lines(where: str, before: Sequence[Document], after: Sequence[Document]) -> Iterator[Change]:
    """Steps and lending rules: each is one thing, there or not."""
    for part in before:
        if part not in after:
            yield Change("-", where, _rule(part), part, None)
    for part in after:
        if part not in before:
            yield Change("+", where, _rule(part), None, part)


def _rule(part: Document) -> str:
    if "after_us" in part:
        lent = f"lend to {', '.join(part['lend'])}" if part.get("lend") else ""
        opened = ", ".join(said for said in (part.get("requirement"), lent) if said)
        return f"step after {_seconds(part['after_us'])} s: {opened}"
    limit = ""
    if part["when"] == "estimated_wait":
        limit = f" > {_seconds(part['than'])} s"
    elif part["when"] == "service_level":
        limit = f" < {part['than'] / 10_000:g} %"
    return f"lend to {', '.join(part['queues'])} when {_words(part['when'])}{limit}"


def _of_value(
    where: str, path: tuple[str, ...], name: str, old: Any, new: Any, both_said: bool = True
) -> Iterator[Change]:
    if old == new or (not both_said and not old and not new):
        return
    yield Change("~", where, " ".join((*path, _words(name))), old, new, name)


def _words(name: str) -> str:
    plain = name.removesuffix("_us").removesuffix("_seconds").replace("_", " ")
    return _WORDS.get(name, plain)


def _is_time(name: str) -> bool:
    return name.endswith(("_us", "_seconds")) or name == "seconds"


def _said(name: str, value: Any) -> str:
    if value is None or value == []:
        return "none"
    if name == "live":
        return "live" if value else "deferred"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name.endswith("_us"):
        return _seconds(value)
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)
    if name in _TEXTS:
        return shorten(value, _TEXT_MAX, placeholder=" …")
    return f"{value:g}" if isinstance(value, float) else str(value)


def _seconds(value_us: int) -> str:
    return f"{value_us / 1_000_000:g}"
