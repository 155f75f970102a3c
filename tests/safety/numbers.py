"""Card and identity numbers as people write them, and what only looks like cards. All from the seed."""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Final

SEED: Final = 20_261
AREAS: Final = (
    "110101", "310115", "440305", "510104", "620102", "650102", "500103", "350203", "710000", "810000",
    "830000", "911156", "944276",
)  # fmt: skip
WEIGHTS: Final = tuple(2 ** (17 - place) % 11 for place in range(17))

Ways = Mapping[str, Callable[[str], str]]
"""How a number is written down."""

Kinds = Mapping[str, Callable[[Random], str]]

ISSUERS: Final[Mapping[str, tuple[tuple[str, ...], tuple[int, ...]]]] = {
    "visa": (("4",), (13, 16, 19)),
    "mastercard": (("51", "52", "53", "54", "55", "2221", "2345", "2500", "2699", "2720"), (16,)),
    "amex": (("34", "37"), (15,)),
    "unionpay": (("62",), (16, 17, 18, 19)),
    "jcb": (("3528", "3550", "3589"), (16,)),
    "discover": (("6011", "644", "649", "65"), (16,)),
    "maestro": (("5018", "5020", "5038", "5893", "6304", "6759", "6761", "6763"), (12, 13, 16, 18, 19)),
}
FULL_WIDTH: Final = "０１２３４５６７８９"
ARABIC: Final = "٠١٢٣٤٥٦٧٨٩"


def luhn_digit(payload: str) -> str:
    total = 0
    for index, letter in enumerate(reversed(payload)):
        digit = int(letter) * (2 if index % 2 == 0 else 1)
        total += digit - 9 if digit > 9 else digit
    return str(-total % 10)


def digits(random: Random, count: int) -> str:
    return "".join(random.choice("0123456789") for _ in range(count))


def card(random: Random) -> str:
    prefixes, lengths = ISSUERS[random.choice(list(ISSUERS))]
    prefix, length = random.choice(prefixes), random.choice(lengths)
    payload = prefix + digits(random, length - 1 - len(prefix))
    return payload + luhn_digit(payload)


def grouped(number: str, separator: str) -> str:
    sizes = (4, 6, 5) if len(number) == 15 else (4, 4, 4, 4, 4)
    groups, at = [], 0
    for size in sizes:
        groups.append(number[at : at + size])
        at += size
    return separator.join(group for group in groups if group)


WRITTEN: Final[Ways] = {
    "plain": lambda number: number,
    "blanks": lambda number: grouped(number, " "),
    "dashes": lambda number: grouped(number, "-"),
    "dots": lambda number: grouped(number, "."),
    "wide blanks": lambda number: grouped(number, "\u3000"),
    "full width": lambda number: number.translate(str.maketrans("0123456789", FULL_WIDTH)),
    "arabic": lambda number: grouped(number.translate(str.maketrans("0123456789", ARABIC)), " "),
    "unseen": lambda number: "\u200b".join(number),
    "unseen groups": lambda number: grouped(number, " \u200d"),
    "one by one": lambda number: " ".join(number),
    "long dashes": lambda number: grouped(number, " – "),
}
SENTENCES: Final = (
    "{}",
    "My card {} was charged twice.",
    "card:{},exp 12/27, cvc 123",
    "Card no. {} 12/27 123",
    "我的卡号是{}，请退款。",
    "订单 8812 的银行卡{}被扣了两次",
    "Order 20261 paid with {} yesterday",
    "PAN={};",
    "({})",
)


def written_in(random: Random, number: str, sentences: Sequence[str], ways: Ways) -> str:
    return random.choice(sentences).format(ways[random.choice(list(ways))](number))


def in_turn(random: Random, count: int, kinds: Kinds) -> list[tuple[str, str]]:
    """(kind, text)."""
    names = list(kinds)
    return [(names[i % len(names)], kinds[names[i % len(names)]](random)) for i in range(count)]


def sentence(random: Random, number: str) -> str:
    return written_in(random, number, SENTENCES, WRITTEN)


def _iban(random: Random) -> str:
    country, length = random.choice((("DE", 18), ("NL", 14), ("FR", 23), ("ES", 20), ("BE", 12), ("CH", 17)))
    account = digits(random, length)
    moved = account + "".join(str(int(letter, 36)) for letter in country) + "00"
    text = f"{country}{98 - int(moved) % 97:02}{account}"
    return random.choice((text, " ".join(text[at : at + 4] for at in range(0, len(text), 4))))


def resident(random: Random) -> str:
    """An identity number. One in eleven ends with X."""
    day = f"{random.randint(1930, 2024)}{random.randint(1, 12):02}{random.randint(1, 28):02}"
    number = f"{random.choice(AREAS)}{day}{digits(random, 3)}"
    remainder = (12 - sum(int(d) * w for d, w in zip(number, WEIGHTS, strict=True)) % 11) % 11
    return number + ("X" if remainder == 10 else str(remainder))


def _imei(random: Random) -> str:
    payload = random.choice(("35", "86", "01", "99")) + digits(random, 12)
    return payload + luhn_digit(payload)


LOOK_ALIKES: Final[Kinds] = {
    "order": lambda r: f"order {digits(r, r.choice((10, 12, 14, 16, 18)))}",
    "dated order": lambda r: (
        f"订单号 2026{r.randint(1, 12):02}{r.randint(1, 28):02}{digits(r, r.choice((6, 8)))}"
    ),
    "chinese phone": lambda r: f"电话 {r.choice(('', '+86 ', '0086'))}1{r.choice('3578')}{digits(r, 9)}",
    "phone": lambda r: (
        f"+{r.choice(('49', '44', '1', '62', '55'))} {digits(r, 3)} {digits(r, 4)} {digits(r, 4)}"
    ),
    "two phones": lambda r: f"0{digits(r, 2)}-{digits(r, 8)} 0{digits(r, 2)}-{digits(r, 8)}",
    "iban": _iban,
    "fedex": lambda r: f"FedEx {digits(r, r.choice((12, 15)))}",
    "ups": lambda r: f"1Z{digits(r, 6)}{digits(r, 10)}",
    "usps": lambda r: "9400 1" + digits(r, 3) + " " + " ".join(digits(r, 4) for _ in range(3)) + " 00",
    "express": lambda r: f"{r.choice(('SF', 'YT', 'JD'))}{digits(r, r.choice((12, 13)))}",
    "resident": resident,
    "time": lambda r: f"2026-{r.randint(1, 12):02}-{r.randint(1, 28):02} 1{digits(r, 1)}:{digits(r, 2)}:00",
    "amounts": lambda r: f"{r.randint(100, 9999)}.{digits(r, 2)} {r.randint(100, 9999)}.{digits(r, 2)} EUR",
    "imei": _imei,
}


def look_alikes(random: Random, count: int) -> list[tuple[str, str]]:
    return in_turn(random, count, LOOK_ALIKES)
