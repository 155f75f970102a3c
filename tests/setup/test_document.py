"""SETUP.yaml: everything of API §7 is read, everything wrong is named with its line."""

from pathlib import Path
from typing import Any

import pytest

from app.setup.document import Setup, SetupError, load
from routing.policy import Policy

EXAMPLE = """\
tenant: {key: acme, name: Acme, time_zone: Asia/Shanghai, languages: [zh-CN, en]}
outbound_allow: ["127.0.0.0/8"]
skills: [billing, french, english]
break_codes: [lunch, training]
tiers:
  - key: platinum
    name: Platinum
    head_start_seconds: 600
    max_wait_seconds: {voice: 60, chat: 60, email: 14400}
  - {key: standard, name: Standard, head_start_seconds: 0, default: true}
work:
  units: {voice: 100, chat: 33, messaging: 25, email: 20, task: 20}
  interrupts: {voice: [email, task]}
calendars:
  - {key: office, time_zone: Asia/Shanghai, holidays: CN, weekly: {mon-fri: ["09:00-12:00", "13:00-18:00"]}}
teams: [{key: support}, {key: sales}]
agents:
  - {email: li@acme.test, name: 李雷, password: "${LI_PASSWORD}", roles: [agent], teams: [support],
     channels: [voice, chat, email], skills: {billing: 7, french: 4}, capacity: {units: 100, chat: 3},
     devices: [{endpoint: hotline, address: "sip:1001", confirm_key: false}]}
queues:
  - key: billing
    teams: [{key: support, rank: 1, delay_seconds: 0}]
    channels:
      voice: {offer_seconds: 20, connect_seconds: 15, accept: desktop, decline: not_allowed,
              service_level_seconds: 20, head_start_seconds: 0, expected_handle_seconds: 180,
              service_class: live}
      chat: {offer_seconds: 30, decline_cool_down_seconds: 30, reassign_after_seconds: 120}
    requirement: "billing >= 5 and (french >= 3 or english >= 6)"
    steps: [{after_seconds: 30, requirement: "billing >= 3"}, {after_seconds: 90, requirement: anyone}]
    order: urgency
    strategy: longest_idle
    prefer: {last_agent: true, account_team: true, prefer_seconds: 20}
    head_start_seconds: 0
    short_abandon_seconds: 5
    wrap_up: {mode: timeboxed, seconds: 30, dispositions: [solved, callback, complaint]}
    lend: [{when: "estimated_wait_seconds > 120", queues: [sales]}]
    hours: office
    closed: {announcement: closed}
  - {key: sales, teams: [{key: sales}]}
endpoints:
  - {key: hotline, adapter: cti, queue: billing, config: {secret: "whsec_${CTI_SECRET}", command_url: null}}
  - {key: site-chat, adapter: chat, queue: billing, config: {allowed_origins: ["*"]}}
  - {key: contact-form, adapter: form, queue: billing, config: {}}
"""


class Files:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "SETUP.yaml"

    def load(self, text: str, **environ: str) -> Setup:
        self.path.write_text(text, encoding="utf-8")
        return load(self.path, environ or None)

    def problems(self, text: str | bytes, **environ: str) -> list[str]:
        """`line pointer: message` of each."""
        self.path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(SetupError) as refused:
            load(self.path, environ or None)
        return [f"{line} {pointer}: {message}" for line, pointer, message in refused.value.problems]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


class TestExample:
    def test_every_key_is_read(self, files: Files) -> None:
        document = files.load(EXAMPLE).document
        assert document.tenant is not None and document.tenant.time_zone == "Asia/Shanghai"
        assert document.agents[0].capacity.channel_max() == {"chat": 3}
        assert document.queues[0].rules("voice").connect_seconds == 15
        assert document.queues[0].wrap_up.dispositions == ["solved", "callback", "complaint"]
        assert document.default_tier == "standard"

    def test_what_has_no_effect_yet_is_named_with_its_line(self, files: Files) -> None:
        found = [f"{line} {pointer}" for line, pointer, _ in files.load(EXAMPLE).warnings]
        assert found == [
            "40 /queues/1/teams",
        ]

    def test_more_that_has_no_effect_yet(self, files: Files) -> None:
        text = (
            "teams: [{key: t}]\nqueues:\n- key: q\n  teams: [{key: t}]\n"
            "  drain_seconds: 60\n"
            "  channels:\n    chat: {connect_seconds: 5}\n"
            "    email: {reassign_after_seconds: 9}\n"
            "agents: [{email: a@x, teams: [t]}]\n"
        )
        found = {pointer for _, pointer, _ in files.load(text).warnings}
        assert found == {
            "/queues/0/drain_seconds",
            "/queues/0/channels/chat/connect_seconds",
            "/queues/0/channels/email/reassign_after_seconds",
        }

    def test_a_queue_whose_teams_have_no_agent_yet(self, files: Files) -> None:
        text = "teams: [{key: t}]\nqueues: [{key: q, teams: [{key: t}]}]\n"
        assert [tuple(warning) for warning in files.load(text).warnings] == [
            (2, "/queues/0/teams", "no agent is in these teams yet")
        ]


class TestSecrets:
    def test_are_taken_from_the_environment(self, files: Files) -> None:
        document = files.load(EXAMPLE, LI_PASSWORD="geheim", CTI_SECRET="abc").document
        assert document.agents[0].password == "geheim"
        assert document.endpoints[0].config["secret"] == "whsec_abc"

    def test_a_missing_one_is_a_problem_with_its_line(self, files: Files) -> None:
        assert files.problems(EXAMPLE, LI_PASSWORD="x") == [
            "42 /endpoints/0/config/secret: the environment variable CTI_SECRET is not set"
        ]

    def test_stay_as_they_are_without_an_environment(self, files: Files) -> None:
        assert files.load(EXAMPLE).document.agents[0].password == "${LI_PASSWORD}"


class TestRefused:
    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("- a", "1 /: a set-up is a mapping"),
            ("", "1 /: a set-up is a mapping"),
            ("teams: [", "/: no YAML"),
            ("teams: [{key: a}]\nteems: []", "2 /teems: unknown key"),
            ("teams: [{key: a}]\nteams: []", "2 /teams: stands here a second time"),
            ("teams:\n- key: a\n- key: a", "3 /teams/1/key: 'a' stands here a second time"),
            ("teams:\n- name: a", "2 /teams/0/key: is missing"),
            ("teams: [{key: Support}]", "1 /teams/0/key: a key is a lower-case letter"),
            ("teams: [{key: waiting}]", "1 /teams/0/key: this key is taken"),
            ("teams: [{key: aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee}]", "1 /teams/0/key: this key is taken"),
            ("skills: [and]", "1 /skills/0: a skill is"),
            ("skills: [a, a]", "1 /skills/1: 'a' stands here a second time"),
            ("agents:\n- {email: a@x,\n   teams: [t]}", "3 /agents/0/teams/0: unknown team 't'"),
            ("agents:\n- {email: a@x, skills: {f: 3}}", "2 /agents/0/skills/f: unknown skill 'f'"),
            (
                "skills: [f]\nagents: [{email: a@x, skills: {f: 11}}]",
                "2 /agents/0/skills/f: input should be less",
            ),
            ("agents: [{email: a@x, channels: [fax]}]", "1 /agents/0/channels/0: input should be 'voice'"),
            ("agents: [{email: a@x}, {email: A@x}]", "1 /agents/1/email: 'a@x' stands here a second time"),
            ("agents: [{email: a@x, capacity: {fax: 1}}]", "1 /agents/0/capacity/fax: unknown key"),
            (
                "agents: [{email: a@x, devices: [{endpoint: e, address: '1'}]}]",
                "1 /agents/0/devices/0/endpoint: unknown endpoint 'e'",
            ),
            ("queues: [{key: q, teams: [{key: t}]}]", "1 /queues/0/teams/0/key: unknown team 't'"),
            ("queues:\n- key: q\n  requirement: a >", "3 /queues/0/requirement: cannot read `>`"),
            ("queues:\n- key: q\n  requirement: f >= 3", "3 /queues/0/requirement: unknown skill 'f'"),
            ("queues:\n- key: q\n  requirement: agent(a@x)", "3 /queues/0/requirement: unknown agent 'a@x'"),
            ("queues:\n- key: q\n  hours: office", "3 /queues/0/hours: unknown calendar 'office'"),
            ("queues:\n- key: q\n  lend: [{when: x, queues: []}]", "3 /queues/0/lend/0/when: not `estimated"),
            (
                "queues:\n- key: q\n  lend: [{when: nobody_signed_in, queues: [r]}]",
                "3 /queues/0/lend/0/queues/0: unknown queue 'r'",
            ),
            (
                "queues:\n- key: q\n  steps: [{after_seconds: 1, requirement: f}]",
                "3 /queues/0/steps/0/requirement: unknown skill 'f'",
            ),
            ("queues:\n- key: q\n  closed: {queue: r}", "3 /queues/0/closed/queue: unknown queue 'r'"),
            ("queues:\n- key: q\n  full: {queue: q}", "3 /queues/0/full: needs `max_waiting` or"),
            ("queues:\n- key: q", "2 /queues/0/teams: nobody serves this queue"),
            (
                "teams: [{key: t}]\nqueues:\n- {key: q, teams: [{key: t}], steps: [{after_seconds: 9}]}",
                "3 /queues/0/steps/0: this step can never open anything",
            ),
            (
                "teams: [{key: t}]\nqueues:\n- {key: q, teams: [{key: t}], requirement: agent(a@x),\n"
                "   steps: [{after_seconds: 9}]}\nagents: [{email: a@x}]",
                "4 /queues/0/steps/0: a step needs `requirement` or `lend_queues`",
            ),
            (
                "teams: [{key: t}]\nqueues:\n"
                "- {key: a, teams: [{key: t}], lend: [{when: nobody_signed_in, queues: [b]}]}\n"
                "- {key: b, teams: [{key: t}], steps: [{after_seconds: 9, lend_queues: [a]}]}",
                "3 /queues/0/lend: lending in a circle: a → b → a",
            ),
            ("queues:\n- key: q\n  channels: {fax: {}}", "3 /queues/0/channels/fax"),
            (
                "queues:\n- key: q\n  channels: {chat: {offer_seconds: 0}}",
                "3 /queues/0/channels/chat/offer_seconds: input should be greater than 0",
            ),
            (
                "queues:\n- key: q\n  head_start_seconds: '5'",
                "3 /queues/0/head_start_seconds: input should be",
            ),
            ("queues:\n- key: q\n  head_start_seconds: .inf", "3 /queues/0/head_start_seconds"),
            ("queues:\n- key: q\n  head_start_seconds: 0.0000001", "finer than a microsecond"),
            ("queues:\n- key: q\n  head_start_seconds: 1e300", "more than"),
            (
                "queues:\n- key: q\n  order: random",
                "3 /queues/0/order: input should be 'urgency' or 'strict'",
            ),
            ("queues:\n- key: q\n  wrap_up: {mode: timeboxed}", "3 /queues/0/wrap_up: timeboxed needs"),
            (
                "tiers:\n- {key: a, default: true}\n- {key: b, default: true}",
                "3 /tiers/1/default: another tier",
            ),
            ("tiers:\n- key: a\n  max_wait_seconds: {fax: 3}", "3 /tiers/0/max_wait_seconds"),
            ("tiers:\n- key: a\n  max_wait_seconds: soon", "3 /tiers/0/max_wait_seconds"),
            (
                "calendars:\n- key: c\n  weekly: {someday: ['09:00-10:00']}",
                "2 /calendars/0: 'someday' is no day",
            ),
            (
                "calendars:\n- key: c\n  time_zone: Asia/Atlantis",
                "3 /calendars/0/time_zone: unknown time zone",
            ),
            (
                "calendars:\n- key: c\n  weekly:\n    mon: ['22:00-06:00']\n    tue: ['05:00-07:00']",
                "2 /calendars/0: intervals overlap on tue",
            ),
            (
                "calendars:\n- key: c\n  holidays: XX",
                "3 /calendars/0/holidays: 'XX' is no country or subdivision with known holidays",
            ),
            ("calendars:\n- key: c\n  holidays: DE-XX", "3 /calendars/0/holidays: 'DE-XX' is no country"),
            ("calendars:\n- key: c\n  holidays: HolidayBase", "3 /calendars/0/holidays: 'HolidayBase' is no"),
            (
                "calendars:\n- key: c\n  dates:\n    2026-02-28: closed\n    2026-02-30: closed",
                "5 /calendars/0/dates/2026-02-30: '2026-02-30' is no date like 2026-12-24",
            ),
            (
                "calendars:\n- key: c\n  dates:\n    2026-12-24: '09:00-12:00'",
                "4 /calendars/0/dates/2026-12-24: not `closed` or intervals",
            ),
            (
                "calendars:\n- key: c\n  dates:\n    2026-12-24: ['09:00-25:00']",
                "4 /calendars/0/dates/2026-12-24/0: '09:00-25:00' is no interval of a day",
            ),
            (
                "calendars:\n- key: c\n  weekly: {wed: ['22:00-06:00']}\n"
                "  dates:\n    2026-12-24: ['05:00-12:00']",
                "5 /calendars/0/dates/2026-12-24: intervals overlap on 2026-12-24",
            ),
            ("agents:\n- email: a@x\n  shift: early", "3 /agents/0/shift: unknown calendar 'early'"),
            ("queues:\n- key: q\n  on_shift: 1", "3 /queues/0/on_shift: input should be a valid boolean"),
            ("outbound_allow: [127.0.0.1/8]", "1 /outbound_allow/0"),
            ("endpoints:\n- {key: e, adapter: cti, queue: q}", "2 /endpoints/0/queue: unknown queue 'q'"),
            (
                "queues: [{key: q}]\nendpoints:\n- {key: f, adapter: form, queue: q}\n"
                "- {key: c, adapter: chat, queue: q, config: {callback_form: f}}",
                "4 /endpoints/1/config/callback_form: there is no form with `callback: true` named 'f'",
            ),
            (
                "queues: [{key: q}]\nendpoints:\n"
                "- {key: c, adapter: chat, queue: q, config: {offline_form: d}}",
                "3 /endpoints/0/config/offline_form: there is no form named 'd'",
            ),
            (
                "queues: [{key: q}]\nendpoints:\n- {key: f, adapter: form, queue: q, identity_numbers: hide}",
                "3 /endpoints/0/identity_numbers: input should be 'keep', 'mask' or 'encrypt'",
            ),
            (
                "queues: [{key: q}]\nendpoints:\n"
                "- {key: f, adapter: form, queue: q, identity_number_kinds: [uk]}",
                "3 /endpoints/0/identity_number_kinds/0: input should be 'cn_resident' or 'us_ssn'",
            ),
            ("work: {units: {voice: -1}}", "1 /work/units/voice"),
            (
                "address_book:\n- {name: Courier, address: by pigeon}",
                "2 /address_book/0/address: no number or SIP URI that could be dialled",
            ),
            (
                "address_book:\n- {name: Courier, address: 1001}",
                "2 /address_book/0/address: input should be a valid string",
            ),
            (
                "address_book:\n- {name: A, address: '+8613800138000'}\n"
                "- {name: B, address: +86 138-0013-8000}",
                "3 /address_book/1/address: '+8613800138000' stands here a second time",
            ),
            ("address_book:\n- {name: '', address: '1001'}", "2 /address_book/0/name: string should have at"),
            ("? [a]\n: b", "a key must be plain text"),
        ],
    )
    def test_with_line_and_reason(self, files: Files, text: str, problem: str) -> None:
        found = files.problems(text)
        assert any(problem in line for line in found), found

    def test_all_problems_at_once_in_the_order_of_the_file(self, files: Files) -> None:
        text = (
            "queues:\n- key: q\n  teams: [{key: t}]\n  hours: h\n"
            "endpoints:\n- {key: e, adapter: x, queue: r}\n"
        )
        assert [line.split(":")[0] for line in files.problems(text)] == [
            "3 /queues/0/teams/0/key",
            "4 /queues/0/hours",
            "6 /endpoints/0/queue",
        ]

    def test_bytes_that_are_no_text(self, files: Files) -> None:
        assert files.problems(b"\xff") == ["1 /: not UTF-8 at byte 0"]

    def test_an_alias_that_blows_up(self, files: Files) -> None:
        bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
            f"{chr(98 + level)}: &{chr(98 + level)} [{', '.join(['*' + chr(97 + level)] * 10)}]\n"
            for level in range(8)
        )
        assert any("too large" in line for line in files.problems(bomb))

    def test_an_alias_to_itself(self, files: Files) -> None:
        assert any("too large" in line for line in files.problems("a: &a [*a]"))


class TestPlainWords:
    def test_mean_what_yaml_1_2_says(self, files: Files) -> None:
        text = "calendars: [{key: off, holidays: NO}]\nteams: [{key: no}, {key: yes}, {key: on}]\n"
        document = files.load(text).document
        assert document.calendars[0].holidays == "NO"
        assert [team.key for team in document.teams] == ["no", "yes", "on"]


class TestPolicyDocument:
    def policy(self, files: Files, text: str) -> dict[str, Any]:
        return files.load(text).policy_document()

    def test_is_what_the_engine_reads(self, files: Files) -> None:
        policy = Policy.from_document(self.policy(files, EXAMPLE), version=3)
        voice = policy.queues["billing"].channels["voice"]
        assert (voice.offer_us, voice.connect_us, voice.live) == (20_000_000, 15_000_000, True)
        assert policy.tier("platinum").promise("voice", live=True) == 60_000_000
        assert policy.tier(None).key == "standard"
        assert policy.version == 3

    def test_writes_every_default_out(self, files: Files) -> None:
        (queue,) = self.policy(files, "teams: [{key: t}]\nqueues: [{key: q, teams: [{key: t}]}]")["queues"]
        assert queue["requirement"] == "anyone"
        assert queue["prefer"] is None
        rules = queue["channels"]
        assert {name: channel["offer_us"] // 1_000_000 for name, channel in rules.items()} == {
            "voice": 20,
            "chat": 30,
            "messaging": 60,
            "email": 120,
            "task": 120,
        }
        assert [name for name, channel in rules.items() if channel["live"]] == ["voice", "chat"]
        assert [name for name, channel in rules.items() if channel["reassign_us"]] == ["chat", "messaging"]
        assert rules["voice"]["connect_us"] is None

    def test_is_equal_for_equal_set_ups(self, files: Files) -> None:
        one = (
            "teams: [{key: a}, {key: b}]\n"
            "queues: [{key: q, teams: [{key: a}, {key: b}]}, {key: r, teams: [{key: a}]}]"
        )
        other = (
            "queues: [{key: r, teams: [{key: a}]}, {teams: [{key: b}, {key: a}], key: q}]\n"
            "teams: [{key: b}, {key: a}]"
        )
        assert self.policy(files, one) == self.policy(files, other)

    def test_the_last_tier_is_the_default_unless_one_is_marked(self, files: Files) -> None:
        assert self.policy(files, "tiers: [{key: a}, {key: b}]")["default_tier"] == "b"
        assert self.policy(files, "tiers: [{key: a, default: true}, {key: b}]")["default_tier"] == "a"
        assert self.policy(files, "queues: []")["default_tier"] is None
