"""Identity numbers as people write them, and numbers that only look like them. All from the seed."""

from random import Random
from typing import Final

from tests.safety.numbers import (
    ARABIC,
    AREAS,
    FULL_WIDTH,
    Kinds,
    Ways,
    digits,
    in_turn,
    luhn_digit,
    resident,
    written_in,
)


def social_security(random: Random) -> str:
    area = random.choice([n for n in range(1, 900) if n != 666])
    return f"{area:03}{random.randint(1, 99):02}{random.randint(1, 9999):04}"


def old_resident(random: Random) -> str:
    """As they were until 1999."""
    day = f"{random.randint(36, 99)}{random.randint(1, 12):02}{random.randint(1, 28):02}"
    return f"{random.choice(OLD_AREAS)}{day}{random.randint(1, 999):03}"


def _grouped(number: str, separator: str) -> str:
    return separator.join((number[:6], number[6:14], number[14:]))


def _wide(number: str) -> str:
    return number.translate(str.maketrans("0123456789X", FULL_WIDTH + "Ｘ"))


WRITTEN: Final[Ways] = {
    "plain": lambda number: number,
    "small x": str.lower,
    "blanks": lambda number: _grouped(number, " "),
    "dashes": lambda number: _grouped(number, "-"),
    "dots": lambda number: _grouped(number, "."),
    "full width": _wide,
    "full width blanks": lambda number: _grouped(_wide(number), "\u3000"),
    "fours": lambda number: " ".join(number[at : at + 4] for at in range(0, 18, 4)),
    "date apart": lambda n: " ".join((n[:6], n[6:10], n[10:12], n[12:14], n[14:])),
    "arabic": lambda number: number.translate(str.maketrans("0123456789", ARABIC)),
    "unseen": lambda number: "\u200b".join(number),
    "one by one": lambda number: " ".join(number),
    "telephone keys": lambda number: number.replace("X", "*"),
}
OLD_AREAS: Final = ("110101", "310105", "352101", "440301", "510212", "370602", "429001", "659001", "460001")
OLD_WRITTEN: Final[Ways] = {
    "plain": lambda number: number,
    "blanks": lambda n: " ".join((n[:6], n[6:12], n[12:])),
    "dashes": lambda n: "-".join((n[:6], n[6:12], n[12:])),
    "full width": _wide,
    "unseen": lambda number: "\u200b".join(number),
}
SENTENCES: Final = (
    "{}",
    "我的身份证号是{}，请查一下。",
    "身份证{}张三",
    "张三 13800138000 {}",
    "{} 13800138000",
    "ID {}, order 8812",
    "id={};",
    "（{}）",
    "2 items for {}",
)


def sentence(random: Random, number: str) -> str:
    return written_in(random, number, SENTENCES, WRITTEN)


def old_sentence(random: Random, number: str) -> str:
    return written_in(random, number, SENTENCES, OLD_WRITTEN)


def _wrong(random: Random) -> str:
    """One digit is another."""
    number, place = resident(random), random.randrange(17)
    return number[:place] + str((int(number[place]) + random.randint(1, 9)) % 10) + number[place + 1 :]


LOOK_ALIKES: Final[Kinds] = {
    "order": lambda r: f"订单 {digits(r, r.choice((16, 17, 18, 19, 20)))}",
    "dated order": lambda r: f"2026{r.randint(1, 12):02}{r.randint(1, 28):02}{digits(r, 10)}",
    "dated order of a branch": lambda r: (
        f"{r.choice(AREAS)}2026{r.randint(1, 12):02}{r.randint(1, 28):02}{digits(r, 4)}"
    ),
    "alipay": lambda r: f"2026{r.randint(1, 12):02}{r.randint(1, 28):02}2200{digits(r, 16)}",
    "wechat pay": lambda r: (
        f"4200{digits(r, 6)}2026{r.randint(1, 12):02}{r.randint(1, 28):02}{digits(r, 10)}"
    ),
    "phone": lambda r: f"1{r.choice('3578')}{digits(r, 9)}",
    "two phones": lambda r: f"1{r.choice('3578')}{digits(r, 9)} 0{digits(r, 2)}-{digits(r, 8)}",
    "american phone": lambda r: f"({digits(r, 3)}) {digits(r, 3)}-{digits(r, 4)}",
    "express": lambda r: f"{r.choice(('SF', 'YT', 'JD'))}{digits(r, r.choice((12, 13, 15)))}",
    "usps": lambda r: f"9400 1{digits(r, 3)} {digits(r, 4)} {digits(r, 4)} {digits(r, 4)} 00",
    "bank card": lambda r: (n := f"62{digits(r, 16)}") + luhn_digit(n),
    "zip": lambda r: f"{digits(r, 5)}-{digits(r, 4)}",
    "date": lambda r: f"2026-{r.randint(1, 12):02}-{r.randint(1, 28):02} 1{digits(r, 1)}:{digits(r, 2)}",
    "credit code": lambda r: f"9{digits(r, 7)}MA{digits(r, 7)}X",
    "mistyped": _wrong,
    "card number with dashes": lambda r: "-".join(digits(r, 4) for _ in range(4)),
    "part number": lambda r: f"{digits(r, 3)}-{digits(r, 2)}-{digits(r, 4)}-{digits(r, 2)}",
}


def look_alikes(random: Random, count: int) -> list[tuple[str, str]]:
    return in_turn(random, count, LOOK_ALIKES)


def _today(random: Random) -> str:
    """yymmdd."""
    return f"{random.randint(20, 35)}{random.randint(1, 12):02}{random.randint(1, 28):02}"


def _of_equipment(random: Random, prefix: str) -> str:
    payload = prefix + digits(random, 14 - len(prefix))
    return payload + luhn_digit(payload)


OLD_LOOK_ALIKES: Final[Kinds] = {
    "order": lambda r: f"订单 {digits(r, 15)}",
    "order of a branch": lambda r: f"{r.choice(OLD_AREAS)}{digits(r, 9)}",
    "dated order of a branch": lambda r: f"{r.choice(OLD_AREAS)}{_today(r)}{digits(r, 3)}",
    "order of a second": lambda r: f"{_today(r)}{r.randint(0, 23):02}{r.randint(0, 59):02}{digits(r, 5)}",
    "dated order": lambda r: f"20{_today(r)}{digits(r, 7)}",
    "fedex": lambda r: f"FedEx {digits(r, 15)}",
    "express": lambda r: f"{r.choice(('SF', 'YT', 'JD'))}{digits(r, 15)}",
    "ems": lambda r: f"快递单号1{digits(r, 12)} 99",
    "imei of 35": lambda r: _of_equipment(r, "35"),
    "imei of 86": lambda r: _of_equipment(r, "86"),
    "phone with prefix": lambda r: f"{r.choice(('0086', '+86', '86'))}1{r.choice('3578')}{digits(r, 9)}",
    "phone and extension": lambda r: f"1{r.choice('3578')}{digits(r, 9)}-{digits(r, 4)}",
    "long phone": lambda r: f"+{digits(r, 15)}",
    "iban": lambda r: f"NO{digits(r, 13)} BE{digits(r, 14)}",
    "american express": lambda r: _of_equipment(r, r.choice(("34", "37"))),
    "business licence": lambda r: f"{r.choice(OLD_AREAS)}{r.choice('0123456')}{digits(r, 8)}",
    "two short numbers": lambda r: f"{digits(r, 6)} {digits(r, 6)} {digits(r, 3)}",
}
