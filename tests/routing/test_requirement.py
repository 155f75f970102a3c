from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.requirement import ANYONE, Atom, BadRequirement, both, parse
from tests.routing.reference_rules import meets

EXPRESSIONS = st.recursive(
    st.one_of(
        st.tuples(st.sampled_from("abc"), st.integers(1, 10)).map(lambda pair: f"{pair[0]} >= {pair[1]}"),
        st.sampled_from(["a", "b", "anyone", "agent(li@x)", "agent(wu@x)"]),
    ),
    lambda inner: st.tuples(inner, st.sampled_from(["and", "or"]), inner, st.booleans()).map(
        lambda parts: (
            f"({parts[0]}) {parts[1]} {parts[2]}" if parts[3] else f"{parts[0]} {parts[1]} {parts[2]}"
        )
    ),
    max_leaves=8,
)
SKILLS = st.dictionaries(st.sampled_from("abc"), st.integers(1, 10))


class TestParse:
    @pytest.mark.parametrize(
        ("text", "skills", "holds"),
        [
            ("billing >= 5", {"billing": 5}, True),
            ("billing >= 5", {"billing": 4}, False),
            ("billing", {"billing": 1}, True),
            ("billing", {}, False),
            ("anyone", {}, True),
            (None, {}, True),
            ("  ", {}, True),
            ("a and b or c", {"c": 1}, True),
            ("a and (b or c)", {"c": 1}, False),
            ("a and (b or c)", {"a": 1, "c": 1}, True),
            ("agent(li@x)", {}, True),
            ("agent( wu@x ) or a", {}, False),
            ("a>=1 and\n b>=2", {"a": 1, "b": 2}, True),
            ("band >= 2 or orb", {"orb": 1}, True),
        ],
    )
    def test_meaning(self, text: str | None, skills: dict[str, int], holds: bool) -> None:
        assert parse(text).holds(skills, "li@x") is holds

    @pytest.mark.parametrize(
        ("text", "complaint"),
        [
            ("billing >=", "a level from 1 to 10, found the end"),
            ("billing >= 0", "a level from 1 to 10, found `0` at column 12"),
            ("billing >= 11", "found `11`"),
            ("billing >= 99999999999999999999", "a level from 1 to 10"),
            ("billing > 5", "cannot read `> 5` at column 9"),
            ("billing >= 5.5", "cannot read `.5`"),
            ("a b", "`and`, `or` or the end, found `b` at column 3"),
            ("(a", "expected `)`, found the end"),
            ("a)", "found `)`"),
            ("()", "a skill, `agent(…)`, `anyone` or `(`"),
            ("and a", "found `and`"),
            ("Billing", "cannot read `Billing`"),
            ("not a", "found `a`"),
            ("技能", "cannot read"),
            ("(" * 60 + "a" + ")" * 60, "deeper than 50"),
            ("a or " * 2000 + "a", "longer than"),
        ],
    )
    def test_refused(self, text: str, complaint: str) -> None:
        with pytest.raises(BadRequirement) as refused:
            parse(text)
        assert complaint in str(refused.value)

    @settings(deadline=None)
    @given(st.text(max_size=40))
    def test_any_text_is_read_or_refused(self, text: str) -> None:
        with suppress(BadRequirement):
            parse(text)

    @settings(deadline=None)
    @given(EXPRESSIONS, SKILLS)
    def test_means_what_the_words_say(self, text: str, skills: dict[str, int]) -> None:
        assert parse(text).holds(skills, "li@x") == meets(text, skills, "li@x")

    @settings(deadline=None)
    @given(EXPRESSIONS)
    def test_canonical_text_reads_back_as_itself(self, text: str) -> None:
        found = parse(text)
        assert parse(found.text).text == found.text

    @settings(deadline=None)
    @given(EXPRESSIONS, EXPRESSIONS, SKILLS)
    def test_both_asks_for_both(self, one: str, other: str, skills: dict[str, int]) -> None:
        joined = both(parse(one), parse(other))
        assert joined.holds(skills, "li@x") == (meets(one, skills, "li@x") and meets(other, skills, "li@x"))

    @settings(deadline=None)
    @given(EXPRESSIONS, SKILLS)
    def test_whoever_meets_it_meets_an_atom_of_each_cover(self, text: str, skills: dict[str, int]) -> None:
        found = parse(text)
        if found.holds(skills, "li@x"):
            for cover in found.covers:
                assert any(_meets(atom, skills) for atom in cover)


def _meets(atom: Atom, skills: dict[str, int]) -> bool:
    return skills.get(atom.name, 0) >= atom.level if atom.level else atom.name == "li@x"


def test_names_what_it_mentions() -> None:
    found = parse("a >= 3 and (b or agent(li@x))")
    assert found.skills == {"a", "b"}
    assert found.agents == {"li@x"}
    assert ANYONE.skills == frozenset()
