"""Text as words that PostgreSQL can index: Chinese has no blanks, so it is cut here, before `to_tsvector`."""

import re
from typing import Final

import rjieba

WORDS_OF_CHARACTERS_MAX: Final = 20_000
"""Of a long text only the beginning can be found."""

_HAN: Final = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_WORD: Final = re.compile(r"\w+")


def of_text(text: str) -> str:
    """The words of a message, with blanks between them."""
    return " ".join(rjieba.cut_for_search(text[:WORDS_OF_CHARACTERS_MAX]))


def of_name(name: str) -> str:
    """The words of a name, and each Han character for itself: who looks for 李 means 李雷 too."""
    return " ".join([of_text(name), *_HAN.findall(name)])


def prefixes(query: str) -> str:
    """A `tsquery` for names: all of its words, each as a beginning; Han characters one by one. Empty for a
    query without any word."""
    found = _WORD.findall(_HAN.sub(r" \g<0> ", query[:200]))
    return " & ".join(f"'{word}':*" for word in found)


def fragment(query: str) -> str:
    """An ILIKE pattern for what contains these very letters."""
    escaped = query.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
