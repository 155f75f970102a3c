"""The build hook: what makes it build, and what does not. npm itself runs at every installation."""

from pathlib import Path

import hatch_build


def sources(folder: Path) -> Path:
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "main.ts").write_text("1")
    (folder / "package.json").write_text("{}")
    return folder


class TestFingerprint:
    def test_changes_with_a_source(self, tmp_path: Path) -> None:
        web = sources(tmp_path / "web")
        before = hatch_build.fingerprint(web)
        (web / "src" / "main.ts").write_text("2")
        assert hatch_build.fingerprint(web) != before

    def test_changes_with_a_new_name(self, tmp_path: Path) -> None:
        web = sources(tmp_path / "web")
        before = hatch_build.fingerprint(web)
        (web / "src" / "main.ts").rename(web / "src" / "other.ts")
        assert hatch_build.fingerprint(web) != before

    def test_does_not_see_what_a_build_leaves_behind(self, tmp_path: Path) -> None:
        web = sources(tmp_path / "web")
        before = hatch_build.fingerprint(web)
        for made in ("node_modules/x/index.ts", "generated/schema.d.ts", "tests/a.test.ts"):
            (web / made).parent.mkdir(parents=True, exist_ok=True)
            (web / made).write_text("x")
        assert hatch_build.fingerprint(web) == before


class TestBuild:
    def test_is_skipped_when_the_sources_are_those_of_the_last_one(self, tmp_path: Path) -> None:
        web, static = sources(tmp_path / "web"), tmp_path / "static"
        static.mkdir()
        (static / ".stamp").write_text(hatch_build.fingerprint(web))
        hatch_build.build(web, static)  # there is no lock file: npm would fail
        assert [path.name for path in static.iterdir()] == [".stamp"]
