"""A thousand customers and what they wrote, made from a fixed seed: the same people in every demo."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

SEED = 20_261_122
PLAYED = ("li", "han", "zhao", "amelie", "tom", "sun", "olga", "zhou", "maria", "wu")
TIERS = (("platinum", 0.04), ("gold", 0.16), ("iron", 0.25), ("lead", 0.55))

_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = (
    "伟",
    "芳",
    "娜",
    "敏",
    "静",
    "丽",
    "强",
    "磊",
    "军",
    "洋",
    "艳",
    "杰",
    "娟",
    "涛",
    "明",
    "超",
    "秀英",
    "雨欣",
)
_FIRST = (
    "Anna",
    "Ben",
    "Clara",
    "David",
    "Emma",
    "Felix",
    "Grace",
    "Hugo",
    "Irene",
    "Jack",
    "Léa",
    "Marc",
    "Nina",
)
_LAST = (
    "Brown",
    "Dubois",
    "Fischer",
    "Garcia",
    "Jones",
    "Kim",
    "Martin",
    "Moreau",
    "Novak",
    "Rossi",
    "Smith",
)

_THREADS = (
    ("chat", "你好，我的咖啡机什么时候发货？", "您好！已经发货，明天送到。"),
    ("chat", "Hi, can I change the colour of my kettle?", "Of course, which colour would you like?"),
    (
        "email",
        "The invoice for order {order} has the wrong address.",
        "We have corrected it; the new invoice is attached.",
    ),
    ("email", "请帮我开一张增值税专用发票，订单号 {order}。", "发票已开具，请查收。"),
    ("voice", "", ""),
    ("chat", "The toaster trips my fuse.", "Please do not use it any more, we send you a new one."),
    ("voice", "", ""),
)


@dataclass(frozen=True, slots=True)
class Person:
    """`phone` is E.164."""

    number: int
    name: str
    tier: str
    language: str
    phone: str
    email: str


@dataclass(frozen=True, slots=True)
class PastTouch:
    """One finished contact: what they said and what we answered."""

    person: int
    channel: str
    at: datetime
    said: str
    answered: str


WANG = Person(0, "王建国", "platinum", "zh-CN", "+8613800000001", "wang@customer.test")


def people(count: int = 1000) -> list[Person]:
    """The first is platinum Wang."""
    chance = random.Random(SEED)  # noqa: S311 - not a secret
    return [WANG, *(_person(chance, number) for number in range(1, count))]


def history(everybody: list[Person], now: datetime) -> Iterator[PastTouch]:
    """What they contacted us about in the last 180 days, oldest first within a person."""
    chance = random.Random(SEED + 1)  # noqa: S311 - not a secret
    for person in everybody:
        days = sorted((chance.uniform(0.5, 180) for _ in range(chance.randint(1, 9))), reverse=True)
        for day in days:
            channel, said, answered = chance.choice(_THREADS)
            order = f"HH{chance.randrange(10_000, 99_999)}"
            at = now - timedelta(days=day)
            yield PastTouch(person.number, channel, at, said.format(order=order), answered)


def _person(chance: random.Random, number: int) -> Person:
    tier = chance.choices([t for t, _ in TIERS], [share for _, share in TIERS])[0]
    phone = f"+86139{number:08d}"
    if chance.random() < 0.6:
        name = chance.choice(_SURNAMES) + chance.choice(_GIVEN)
        return Person(number, name, tier, "zh-CN", phone, f"c{number}@customer.test")
    name = f"{chance.choice(_FIRST)} {chance.choice(_LAST)}"
    return Person(number, name, tier, "en", phone, f"c{number}@customer.test")
