"""Chinese identity numbers as they were until 1999, which still stand on old contracts: 15 places, region,
birth (yymmdd), sequence. There is no check digit; what tells them from other numbers is that the regions of
those years are known (GB/T 2260, 1980 to 1999) and change no more."""

import re
from typing import Final

from app.hiding.births import year_born

BORN: Final = range(1936, 2000)
"""Days of the years before are days of today's orders too, and their people over ninety."""

_PREFECTURE: Final = re.compile(
    r"(?:11|12|31|50)(?:0[12])"
    r"|13(?:0[1-9]|1[01]|2[1-9]|30|90)"
    r"|14(?:0[1-7]|2[1-7]|90)"
    r"|15(?:0[1-5]|2[1-9])"
    r"|21(?:0[1-9]|1[0-4]|2[12]|90)"
    r"|22(?:0[1-8]|2[1-6]|90)"
    r"|23(?:0[1-9]|1[0-2]|2[1-7]|90)"
    r"|32(?:0[1-9]|1[0-3]|2[1-7]|90)"
    r"|33(?:0[1-9]|10|2[1-8]|90)"
    r"|(?:34|37)(?:0[1-9]|1[0-5]|2[1-9]|90)"
    r"|35(?:0[1-9]|2[1-7]|90)"
    r"|36(?:0[1-7]|2[1-6]|90)"
    r"|41(?:0[1-9]|1[0-5]|2[1-9]|30|90)"
    r"|42(?:0[1-35-9]|1[0-2]|2[1-9]|90)"
    r"|43(?:0[1-9]|1[0-3]|2[1-9]|3[01]|90)"
    r"|44(?:0[1-9]|1[02-8]|2[1-9]|5[1-3]|90)"
    r"|45(?:0[1-9]|2[1-8])"
    r"|46(?:0[01]|90)"
    r"|51(?:0[1-9]|1[0-35-7]|2[1-9]|3\d|70|90)"
    r"|52(?:0[1-3]|2[1-7])"
    r"|53(?:0[134]|2[1-9]|3[0-5])"
    r"|54(?:01|2[1-7])"
    r"|61(?:0[1-8]|2[1-7]|90)"
    r"|62(?:0[13-5]|2[1-9]|30)"
    r"|63(?:01|2[1-35-8])"
    r"|64(?:0[1-3]|2[12])"
    r"|65(?:0[12]|2[1-9]|3[0-2]|4[0-3]|90)"
)


def is_old_number(number: str) -> bool:
    """`number`: 15 digits, ASCII."""
    region, birth, rest = number[:6], number[6:12], number[12:]
    known = _PREFECTURE.match(region) is not None and region[4:] != "00"
    return known and rest != "000" and year_born(f"19{birth}") in BORN
