"""Statements of machines are checked against the diff; others are left out."""

import pytest

from reviews.intake import PullRequest
from reviews.intake.statements import Statement, statements_of
from tests.support.pull_requests import diff_of, explained, said

TRAILER = """Bump the tools group with 2 updates

Updates `@scope/kit` from 1.0.0 to 1.1.0
- [Commits](https://example.org/compare/v1.0.0...v1.1.0)

---
updated-dependencies:
- dependency-name: "@scope/kit"
  dependency-version: 1.1.0
  dependency-type: direct:production
  update-type: version-update:semver-minor
  dependency-group: tools
- dependency-name: deep
  dependency-type: indirect
...

Signed-off-by: dependabot[bot] <support@github.com>
"""

TABLE = """This PR contains the following updates:

| Package | Type | Update | Change |
[Age](https://example.org/) |
|---|---|---|---|---|
| [lodash](https://lodash.example)
([source](https://example.org/lodash)) |
dependencies | patch | [`4.17.20` -> `4.17.21`](https://example.org/diff) |
![age](https://example.org/a.png)
|
| [golang.org/x/net](https://example.org/net) | indirect | minor | `v0.12.0` → `v0.17.0` | |
| ranged | dependencies | major | `^1.0.0 \\|\\| ^2.0.0` -> `^3.0.0` | |

---
"""


def test_the_trailer_names_packages_and_who_asks_for_them() -> None:
    stated = statements_of(PullRequest(message=TRAILER))
    assert Statement("@scope/kit", None, "1.1.0", "trailer", True) in stated
    assert Statement("deep", None, None, "trailer", False) in stated
    assert Statement("@scope/kit", "1.0.0", "1.1.0", "title") in stated


def test_rows_of_a_table_may_stand_on_several_lines() -> None:
    assert [one for one in statements_of(PullRequest(message=TABLE)) if one.source == "table"] == [
        Statement("lodash", "4.17.20", "4.17.21", "table", True),
        Statement("golang.org/x/net", "v0.12.0", "v0.17.0", "table", False),
        Statement("ranged", "^1.0.0 || ^2.0.0", "^3.0.0", "table", True),
    ]


@pytest.mark.parametrize(
    ("title", "name", "old", "new"),
    [
        ("Bump lodash from 4.17.20 to 4.17.21", "lodash", "4.17.20", "4.17.21"),
        ("build(deps-dev): bump @a/b from 1.0 to 2.0 in /web", "@a/b", "1.0", "2.0"),
        ("Bump black from 25.9.0 to 25.11.0 in the py group (#25)", "black", "25.9.0", "25.11.0"),
        ("Update a requirement from <0.7,>=0.6 to >=0.6,<0.8", "a", "<0.7,>=0.6", ">=0.6,<0.8"),
        ("Update rails requirement from ~> 7.0 to ~> 7.1", "rails", "~> 7.0", "~> 7.1"),
        ("Update dependency django to v6.0.3 [security]", "django", None, "v6.0.3"),
        ("chore(deps): update dependency ruff to ~0.15.0 (#176)", "ruff", None, "~0.15.0"),
        ("fix(deps): update module a.example/b/v2 to v2.1.0", "a.example/b/v2", None, "v2.1.0"),
        ("Update actions/checkout action to v6", "actions/checkout", None, "v6"),
        ("chore(deps): update python docker tag to v3.14.6", "python", None, "v3.14.6"),
        ("Update pre-commit hook a/b to v1.2", "a/b", None, "v1.2"),
        ("Update dependency org.a:b to v1.2", "org.a:b", None, "v1.2"),
        ("[Snyk] Security upgrade lodash from 4.17.15 to 4.17.21", "lodash", "4.17.15", "4.17.21"),
        ("fix: upgrade axios from 0.21.1 to 0.21.4", "axios", "0.21.1", "0.21.4"),
        ("Update rails: 5.1 → 5.2 (major)", "rails", "5.1", "5.2"),
        ("Update requests to 2.31.0", "requests", None, "2.31.0"),
        ("Pin dependency cached to 1.2.3", "cached", None, "1.2.3"),
    ],
)  # fmt: skip
def test_titles_name_a_package_and_versions(
    title: str, name: str, old: str | None, new: str
) -> None:
    [stated] = statements_of(PullRequest(title=title))
    assert (stated.name, stated.old, stated.new) == (name, old, new)


@pytest.mark.parametrize(
    "title", ["Lock file maintenance", "Update all dependencies", "Bump the a group with 3 updates"]
)  # fmt: skip
def test_titles_of_groups_name_nothing(title: str) -> None:
    assert statements_of(PullRequest(title=title)) == []


LODASH = diff_of("package-lock.json", """
     "node_modules/lodash": {
-      "version": "4.17.20",
+      "version": "4.17.21",
       "license": "MIT"
""")  # fmt: skip


def test_a_statement_fills_in_what_the_diff_does_not_tell() -> None:
    message = TRAILER.replace('"@scope/kit"', "lodash").replace("1.1.0", "4.17.21")
    explanation = explained(LODASH, message=message)
    [change] = explanation.changes
    assert (change.package, change.old, change.new) == ("lodash", "4.17.20", "4.17.21")
    assert change.direct is True
    assert explanation.source == "trailer"


@pytest.mark.parametrize(
    "title",
    [
        "Bump evil from 4.17.20 to 4.17.21",
        "Bump lodash from 4.17.20 to 5.0.0",
        "Bump lodash from 3.0.0 to 4.17.21",
    ],
)
def test_a_statement_that_the_diff_does_not_carry_out_counts_for_nothing(title: str) -> None:
    explanation = explained(LODASH, title=title)
    assert said(explanation) == [("lodash", "npm", "4.17.20", "4.17.21")]
    assert explanation.source == "diff"


def test_a_statement_without_a_diff_gives_no_change() -> None:
    explanation = explained(title="Bump lodash from 4.17.20 to 4.17.21", message=TRAILER + TABLE)
    assert explanation.changes == []
    assert explanation.source is None


def test_the_title_is_the_first_line_of_the_message_where_none_is_given() -> None:
    assert explained(LODASH, message="\nBump lodash from 4.17.20 to 4.17.21").source == "title"


def test_stated_changes_come_first() -> None:
    diff = diff_of("requirements.txt", "-a==1\n-b==1\n-c==1\n+a==2\n+b==2\n+c==2")
    changes = explained(diff, title="Bump c from 1 to 2").changes
    assert [one.package for one in changes] == ["c", "a", "b"]


def test_ranges_take_the_versions_that_the_machine_names() -> None:
    diff = diff_of("package.json", '   "dependencies": {\n-    "a": "^1.0.0"\n+    "a": "^1.0.1"')
    assert said(explained(diff, title="Bump a from 1.0.0 to 1.0.1")) == [
        ("a", "npm", "1.0.0", "1.0.1")
    ]
    assert said(explained(diff)) == [("a", "npm", "^1.0.0", "^1.0.1")]


def test_clauses_of_a_range_may_be_in_another_order() -> None:
    diff = diff_of("setup.py", '-    "janus>=0.6.2,<0.7",\n+    "janus>=0.6.2,<0.8",')
    explanation = explained(
        diff, title="Update janus requirement from <0.7,>=0.6.2 to >=0.6.2,<0.8"
    )
    assert explanation.source == "title"
    assert said(explanation) == [("janus", "PyPI", ">=0.6.2,<0.7", ">=0.6.2,<0.8")]


POM = diff_of("pom.xml", """
     <properties>
-      <log4j2.version>2.14.1</log4j2.version>
+      <log4j2.version>2.17.1</log4j2.version>
     </properties>
""")  # fmt: skip


def test_a_variable_is_of_the_package_that_is_stated_and_named_like_it() -> None:
    name = "org.apache.logging.log4j:log4j-core"
    explanation = explained(POM, title=f"Bump {name} from 2.14.1 to 2.17.1")
    assert said(explanation) == [(name, "Maven", "2.14.1", "2.17.1")]
    assert said(explained(POM, title="Bump org.evil:other from 2.14.1 to 2.17.1")) == []
    assert said(explained(POM)) == []


def test_a_sentence_gives_the_versions_that_the_title_leaves_out() -> None:
    diff = diff_of("go.mod", "-\tgithub.com/a/b/v2 v2.9.1\n+\tgithub.com/a/b/v2 v2.9.2")
    message = "Bumps [github.com/a/b/v2](https://a.example) from 2.9.1\nto 2.9.2.\n"
    explanation = explained(diff, title="Bump github.com/a/b/v2 in /examples", message=message)
    assert explanation.source == "title"


def test_digests_are_named_by_their_first_digits() -> None:
    old, new = "a" * 40, "b" * 40
    diff = diff_of(".github/workflows/a.yml", f"-      - uses: a/b@{old}\n+      - uses: a/b@{new}")
    table = (
        "| Package | Update | Change |\n|---|---|---|\n| a/b | digest | `aaaaaaa` -> `bbbbbbb` |\n"
    )
    explanation = explained(diff, message=table)
    assert explanation.source == "table"
    assert said(explanation) == [("a/b", "GitHub Actions", old, new)]


@pytest.mark.parametrize(
    ("file", "line", "name", "versions"),
    [
        ("Dockerfile", "FROM gcr.io/distroless/static:{}", "distroless/static", ("1", "2")),
        ("Dockerfile", "FROM python:{}-slim", "python", ("3.12-slim", "3.13-slim")),
        (
            ".github/workflows/a.yml",
            "    uses: o/r/.github/workflows/w.yml@v{}",
            "o/r/.github/workflows/w.yml",
            ("1", "2"),
        ),
        ("build.gradle", "    implementation 'g.h:a:{}'", "a", ("1.0", "2.0")),
        ("build.gradle.kts", '    id("org.a.b") version "{}"', "org.a.b", ("1.0", "2.0")),
        ("src/A.csproj", '<PackageReference Include="A.B" Version="{}" />', "a.b", ("1", "2")),
        ("Cargo.toml", 'serde_json = "={}"', "serde-json", ("=1.0.1", "=1.0.2")),
    ],
)
def test_machines_name_packages_in_their_own_ways(
    file: str, line: str, name: str, versions: tuple[str, str]
) -> None:
    old, new = (one.removesuffix("-slim").lstrip("=") for one in versions)
    diff = diff_of(file, f"-{line.format(old)}\n+{line.format(new)}")
    explanation = explained(diff, title=f"Bump {name} from {versions[0]} to {versions[1]}")
    assert explanation.source == "title"
    [change] = explanation.changes
    assert change.direct
