"""Every adapter is registered, has its shape, its page in docs/channels and its tests."""

import inspect
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from app.events import UnknownReceived
from channels import registry
from channels.abilities import HasTest
from channels.base import ChannelAdapter
from channels.email import EmailAdapter
from tests.channels.custom.build import CONFIG as CUSTOM
from tests.channels.whatsapp.build import CONFIG as WHATSAPP
from tests.channels.wire import NOW, SECRET

ROOT = Path(__file__).parents[2]
TWILIO = {"account_sid": f"AC{'0' * 32}", "auth_token": "12345"}
WEIXIN = {"token": "weixinToken1", "encoding_aes_key": "a" * 43}
WECHAT = {"app_id": "wx5823bf96d3bd56c7", "app_secret": "x", **WEIXIN}
WECOM = {"corp_id": "ww1436e0e65a779aee", "open_kfid": "wk1", "secret": "x", **WEIXIN}
ARI = {"url": "http://pbx.test:8088/ari", "username": "touchpoint", "password": "secret"}
SMTP = {"host": "mail.test", "port": 25}
CONFIGS: dict[str, dict[str, Any]] = {
    "cti": {"secret": SECRET, "command_url": None},
    "ari": ARI,
    "chat": {"allowed_origins": ["https://shop.test"]},
    "form": {},
    "email": {"address": "support@acme.test", "smtp": SMTP},
    "whatsapp": WHATSAPP,
    "twilio-sms": {**TWILIO, "address": "+14155550100"},
    "twilio-voice": {**TWILIO, "address": "+14155550100"},
    "custom": CUSTOM,
    "wechat": WECHAT,
    "wecom": WECOM,
}
SHARED = {"weixin"}
"""Folders of what two adapters share."""

WRONG = [
    ("pigeon", {}, ""),
    ("cti", None, ""),
    ("cti", {}, "/secret"),
    ("cti", {"secret": "whsec_!"}, "/secret"),
    ("cti", {"secret": ""}, "/secret"),
    ("cti", {"secret": SECRET, "command_url": "ftp://x"}, "/command_url"),
    ("cti", {"secret": SECRET, "region": "China"}, "/region"),
    ("cti", {"secret": SECRET, "comand_url": None}, "/comand_url"),
    ("cti", {"secret": SECRET, "previous_secrets": ["x"]}, "/previous_secrets/0"),
    ("ari", {**ARI, "url": "pbx.test"}, "/url"),
    ("ari", {**ARI, "username": "a:b"}, "/username"),
    ("ari", {**ARI, "app": "touch,point"}, "/app"),
    ("ari", {**ARI, "devices": "PJSIP/1001"}, "/devices"),
    ("ari", {**ARI, "numbers": "PJSIP/{number}&Local/1"}, "/numbers"),
    ("ari", {**ARI, "recording": True}, "/recording"),
    ("chat", {"allowed_origins": "*"}, "/allowed_origins"),
    ("form", {"region": "cn"}, "/region"),
    ("email", {"address": "support@acme.test"}, "/smtp"),
    ("twilio-sms", {"auth_token": "x", "address": "+14155550100"}, "/account_sid"),
    ("twilio-sms", TWILIO, ""),
    ("twilio-voice", TWILIO, "/address"),
    ("twilio-voice", {**TWILIO, "address": "+14155550100", "recording": "announced"}, ""),
    ("twilio-voice", {**TWILIO, "address": "+14155550100", "ring_seconds": 1}, "/ring_seconds"),
    ("twilio-sms", {**TWILIO, "address": "nobody"}, "/address"),
    ("twilio-sms", {**TWILIO, "address": "+14155550100", "api_key_sid": f"SK{'0' * 32}"}, ""),
    ("twilio-sms", {**TWILIO, "address": "+14155550100", "api_url": "http://x/?y"}, "/api_url"),
    ("email", {"address": "support", "smtp": SMTP}, "/address"),
    ("email", {"address": "a@b.test\r\nX: y", "smtp": SMTP}, "/address"),
    ("email", {"address": "a@b.test", "smtp": {"host": "a b"}}, "/smtp/host"),
    ("email", {"address": "a@b.test", "smtp": {"host": "x", "port": 0}}, "/smtp/port"),
    ("email", {"address": "a@b.test", "smtp": {"host": "x", "tls": "ssl"}}, "/smtp/tls"),
    ("email", {"address": "a@b.test", "smtp": SMTP, "reply_secret": "short"}, "/reply_secret"),
    ("email", {"address": "a@b.test", "smtp": SMTP, "default_charset": "punycode"}, "/default_charset"),
    ("custom", CUSTOM | {"platform": "Line!"}, "/platform"),
    ("custom", CUSTOM | {"send_url": None}, "/send_url"),
    ("custom", CUSTOM | {"reply_window": {"seconds": 0}}, "/reply_window/seconds"),
    ("wechat", WECHAT | {"app_id": "gh_1"}, "/app_id"),
    ("wechat", WECHAT | {"encoding_aes_key": "short"}, "/encoding_aes_key"),
    ("wechat", WECHAT | {"encoding_aes_key": None}, ""),
    ("wecom", WECOM | {"encoding_aes_key": None}, "/encoding_aes_key"),
    ("wecom", WECOM | {"token": "a b"}, "/token"),
    ("whatsapp", WHATSAPP | {"phone_number_id": "+1 650 555 1234"}, "/phone_number_id"),
    ("whatsapp", WHATSAPP | {"app_secret": ""}, "/app_secret"),
    ("whatsapp", WHATSAPP | {"api_version": "25"}, "/api_version"),
    ("whatsapp", WHATSAPP | {"templates": [WHATSAPP["templates"][0] | {"name": "A b"}]}, "/templates/0/name"),
]


def folder_of(name: str) -> str:
    """Where the adapter's code is; two of one platform share a folder."""
    return Path(inspect.getfile(registry.ADAPTERS[name].config)).parent.name


class TestAdapters:
    def test_every_folder_is_registered(self) -> None:
        folders = {file.parent.name for file in (ROOT / "channels").glob("*/__init__.py")}
        assert folders == {folder_of(name) for name in registry.ADAPTERS} | SHARED

    @pytest.mark.parametrize("name", registry.ADAPTERS)
    def test_documented_and_tested(self, name: str) -> None:
        page = (ROOT / "docs" / "channels" / f"{name}.md").read_text()
        assert f"adapter: {name}" in page
        missing = [key for key in registry.ADAPTERS[name].config.model_fields if f"`{key}`" not in page]
        assert not missing
        assert list((ROOT / "tests" / "channels" / folder_of(name)).glob("test_*.py"))

    @pytest.mark.parametrize("name", registry.ADAPTERS)
    def test_built(self, name: str) -> None:
        adapter: ChannelAdapter = registry.build(name, CONFIGS[name])
        assert adapter.name == name
        assert adapter.channel in {"voice", "chat", "messaging", "email", "task"}
        assert registry.config_problems(name, CONFIGS[name]) == []

    @pytest.mark.parametrize("name", CONFIGS)
    def test_what_it_can_is_known_without_one(self, name: str) -> None:
        """Agents are told what a reply can be before any adapter is built."""
        assert registry.ADAPTERS[name].capabilities == registry.build(name, CONFIGS[name]).capabilities

    @pytest.mark.parametrize("name", registry.ADAPTERS)
    def test_its_own_test_passes_its_own_door(self, name: str) -> None:
        adapter = registry.build(name, CONFIGS[name], webhook_url="https://desk.test/webhooks/1")
        if isinstance(adapter, HasTest):
            request = adapter.test_request("https://desk.test/webhooks/1", "touchpoint.test.1", NOW)
            adapter.verify(replace(request, received_at=NOW))
            (event,) = adapter.parse(replace(request, received_at=NOW))
            assert isinstance(event, UnknownReceived)
            assert event.kind == "touchpoint.test.1"


class TestConfigProblems:
    @pytest.mark.parametrize(("name", "config", "pointer"), WRONG)
    def test_wrong(self, name: str, config: object, pointer: str) -> None:
        assert [found for found, _ in registry.config_problems(name, config)] == [pointer]

    def test_a_secret_is_never_told(self) -> None:
        problems = registry.config_problems("cti", {"secret": "whsec_topsecret!", "region": "topsecret"})
        assert problems
        assert "topsecret" not in str(problems)


class TestBuild:
    def test_reply_secret_of_the_installation(self) -> None:
        mailbox = registry.build("email", CONFIGS["email"], reply_secret="i" * 32)
        own = registry.build("email", {**CONFIGS["email"], "reply_secret": "o" * 32}, reply_secret="i" * 32)
        assert isinstance(mailbox, EmailAdapter) and isinstance(own, EmailAdapter)
        addresses = [adapter.reply_address(UUID(int=1), "li@example.test") for adapter in (mailbox, own)]
        assert len({*addresses, "support@acme.test"}) == 3
        assert registry.build("form", {}, reply_secret="i" * 32).name == "form"

    def test_unknown(self) -> None:
        with pytest.raises(KeyError):
            registry.build("pigeon", {})

    def test_wrong_config(self) -> None:
        with pytest.raises(ValidationError):
            registry.build("cti", {})
