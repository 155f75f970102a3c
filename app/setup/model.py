"""What a SETUP.yaml may say (API §7): frozen models, unknown keys refused. Durations are seconds."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.setup.fields import (
    AnySeconds,
    Condition,
    Date,
    Dialled,
    Email,
    Hours,
    Interval,
    Key,
    Level,
    Network,
    PositiveSeconds,
    RequirementText,
    Seconds,
    SignatureText,
    Skill,
    TemplateText,
    Whole,
    Zone,
)
from routing import calendar
from routing.policy import CHANNELS, LIVE_CHANNELS, REASSIGNED_CHANNELS, SERVICE_LEVEL_SECONDS

Channel = Literal["voice", "chat", "messaging", "email", "task"]
ServiceClass = Literal["live", "deferred"]
Role = Literal["agent", "supervisor", "admin", "identity_reader"]

OFFER_SECONDS = {"voice": 20, "chat": 30, "messaging": 60, "email": 120, "task": 120}
UNITS = {"voice": 100, "chat": 33, "messaging": 25, "email": 20, "task": 20}
REASSIGN_AFTER_SECONDS = 120
COOL_DOWN_SECONDS = 30


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Tenant(Part):
    key: Key
    name: str = ""
    time_zone: Zone = "UTC"
    languages: tuple[str, ...] = Field(("en",), strict=False)


class Promise(Part):
    """`max_wait_seconds`: by channel, or one number for work of the live class."""

    live: Seconds | None = None
    by_channel: dict[Channel, Seconds] = {}

    @model_validator(mode="before")
    @classmethod
    def _either(cls, value: Any) -> Any:
        return {"by_channel": value} if isinstance(value, Mapping) else {"live": value}


class Tier(Part):
    key: Key
    name: str = ""
    head_start_seconds: AnySeconds = 0
    max_wait_seconds: Promise = Promise.model_construct()
    default: bool = False


class Work(Part):
    units: dict[Channel, Whole] = {}
    interrupts: dict[Channel, list[Channel]] = {}


class Calendar(Part):
    """`holidays`: a country or one of its subdivisions (`CN`, `DE-BY`); `dates` go before them."""

    key: Key
    time_zone: Zone = "UTC"
    holidays: str | None = None
    weekly: dict[str, list[str]] = {}
    dates: dict[Date, Hours] = {}

    @model_validator(mode="after")
    def _readable(self) -> "Calendar":
        calendar.Calendar.parse(self.time_zone, self.weekly)
        return self


class Team(Part):
    key: Key
    name: str = ""


class Capacity(Part):
    """`units` in all; per channel, how many pieces at most."""

    units: Whole = 100
    voice: Whole | None = None
    chat: Whole | None = None
    messaging: Whole | None = None
    email: Whole | None = None
    task: Whole | None = None

    def channel_max(self) -> dict[str, int]:
        found = {channel: getattr(self, channel) for channel in CHANNELS}
        return {channel: limit for channel, limit in found.items() if limit is not None}


class Device(Part):
    endpoint: str
    address: str
    confirm_key: bool = False


class Agent(Part):
    """`channels` None: all. `shift`: the calendar by which the agent is on shift."""

    email: Email
    name: str = ""
    password: str | None = None
    roles: list[Role] = ["agent"]
    teams: list[str] = []
    channels: list[Channel] | None = None
    skills: dict[str, Level] = {}
    capacity: Capacity = Capacity()
    devices: list[Device] = []
    shift: str | None = None


class Membership(Part):
    key: str
    rank: Whole = 1
    delay_seconds: Seconds = 0


class ChannelRules(Part):
    """What the queue says about a channel; None: the default of `Queue.rules`."""

    offer_seconds: PositiveSeconds | None = None
    connect_seconds: PositiveSeconds | None = None
    accept: Literal["desktop", "device"] = "desktop"
    auto_accept: bool = False
    decline: Literal["allowed", "reason_required", "not_allowed"] | None = None
    decline_cool_down_seconds: Seconds = COOL_DOWN_SECONDS
    reassign_after_seconds: Seconds | None = None
    service_level_seconds: Seconds | None = None
    service_level_clock: Literal["wall", "business"] | None = None
    service_class: ServiceClass | None = None
    head_start_seconds: AnySeconds = 0
    expected_handle_seconds: Seconds | None = None


class Step(Part):
    after_seconds: Seconds
    requirement: RequirementText | None = None
    lend_queues: list[str] = []


class Prefer(Part):
    last_agent: bool = True
    account_team: bool = False
    prefer_seconds: Seconds = 0


class WrapUp(Part):
    mode: Literal["none", "optional", "mandatory", "timeboxed"] = "none"
    seconds: PositiveSeconds | None = None
    dispositions: list[str] = []

    @model_validator(mode="after")
    def _timeboxed_has_seconds(self) -> "WrapUp":
        if self.mode == "timeboxed" and self.seconds is None:
            raise ValueError("timeboxed needs `seconds`")
        return self


class Lend(Part):
    when: Condition
    queues: list[str]


class Door(Part):
    """What happens to who comes while the queue is closed or nobody is signed in."""

    announcement: str | None = None
    auto_reply: str | None = None
    voicemail: bool = False
    callback: bool = False
    queue: str | None = None
    end: bool = False


class CallbackOffer(Part):
    """What a waiting caller presses to keep the place and be called back, and the announcement that says so
    before the platform hangs up."""

    digits: str = Field("1", pattern=r"^[0-9A-D*#]{1,8}$")
    announcement: str | None = None


class Full(Door):
    """What happens to who comes while as many wait, or would wait as long, as this."""

    max_waiting: Whole | None = None
    max_estimated_wait_seconds: Seconds | None = None

    @model_validator(mode="after")
    def _is_limited(self) -> "Full":
        if self.max_waiting is None and self.max_estimated_wait_seconds is None:
            raise ValueError("needs `max_waiting` or `max_estimated_wait_seconds`")
        return self


class Template(Part):
    """What an agent may begin a reply with. `language` as in `zh-CN`, for the eye."""

    key: Key
    name: Annotated[str, Field(max_length=100)] = ""
    language: Annotated[str, Field(max_length=35)] | None = None
    text: TemplateText


class Queue(Part):
    """`signature` stands below its agents' mails instead of the mailbox's."""

    key: Key
    name: str = ""
    teams: list[Membership] = []
    channels: dict[Channel, ChannelRules] = {}
    requirement: RequirementText | None = None
    steps: list[Step] = []
    order: Literal["urgency", "strict"] = "urgency"
    strategy: Literal["longest_idle", "least_loaded", "best_skill"] = "longest_idle"
    prefer: Prefer | None = None
    head_start_seconds: AnySeconds = 0
    short_abandon_seconds: Seconds = 5
    wrap_up: WrapUp = WrapUp()
    lend: list[Lend] = []
    hours: str | None = None
    callback: CallbackOffer | None = None
    closed: Door | None = None
    nobody_signed_in: Door | None = None
    full: Full | None = None
    drain_seconds: Seconds | None = None
    reserve_deferred: Whole | None = None
    on_shift: bool = False
    signature: SignatureText | None = None
    templates: list[Template] = []

    def rules(self, channel: str) -> ChannelRules:
        """The queue's rules for a channel with every default filled in. Of the defaults only
        `connect_seconds` stays None: in the live service that means `routing.policy.CONNECT_US`."""
        said: ChannelRules = self.channels.get(channel, ChannelRules())  # type: ignore[call-overload]
        defaults = {
            "offer_seconds": OFFER_SECONDS[channel],
            "service_level_seconds": SERVICE_LEVEL_SECONDS[channel],
            "service_class": "live" if channel in LIVE_CHANNELS else "deferred",
            "decline": "not_allowed" if channel == "voice" else "allowed",
            "reassign_after_seconds": REASSIGN_AFTER_SECONDS if channel in REASSIGNED_CHANNELS else None,
        }
        missing = {name: value for name, value in defaults.items() if getattr(said, name) is None}
        return said.model_copy(update=missing)


class Endpoint(Part):
    """`identity_numbers`: what becomes of those that are said here."""

    key: Key
    name: str = ""
    adapter: str
    queue: str
    silent_after_seconds: Annotated[int, Field(ge=60, le=31_536_000)] | None = None
    identity_numbers: Literal["keep", "mask", "encrypt"] = "encrypt"
    identity_number_kinds: list[Literal["cn_resident", "us_ssn"]] = ["cn_resident"]
    config: dict[str, Any] = {}


class OutsideContact(Part):
    """Somebody outside whom agents transfer to or ask: a number or SIP URI, with a name."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    address: Dialled


class Document(Part):
    """The whole file. `tenant` may be left out where nothing is stored (`touchpoint route`)."""

    tenant: Tenant | None = None
    outbound_allow: list[Network] = []
    skills: list[Skill] = []
    break_codes: list[Skill] = []
    tiers: list[Tier] = []
    work: Work = Work()
    calendars: list[Calendar] = []
    calling_hours: Interval = "08:00-21:00"
    teams: list[Team] = []
    agents: list[Agent] = []
    queues: list[Queue] = []
    endpoints: list[Endpoint] = []
    address_book: Annotated[list[OutsideContact], Field(max_length=2_000)] = []

    @property
    def default_tier(self) -> str | None:
        """The tier of who has none: the one marked, else the last."""
        marked = [tier.key for tier in self.tiers if tier.default]
        return next(iter(marked), self.tiers[-1].key if self.tiers else None)

    def units(self) -> dict[str, int]:
        return {channel: self.work.units.get(channel, UNITS[channel]) for channel in CHANNELS}  # type: ignore[call-overload]
