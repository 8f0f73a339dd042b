"""Pull requests that lie, or are too large: nothing crashes, and nothing is invented."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.intake import PullRequest, Refused, explain
from reviews.intake.formats import FORMATS, format_of
from reviews.intake.model import MOST_CHARACTERS
from tests.support.pull_requests import diff_of, explained, said


@pytest.mark.parametrize("field", list(MOST_CHARACTERS))
def test_what_is_too_large_is_refused_by_name(field: str) -> None:
    with pytest.raises(Refused, match=f"^{field}: has .* characters; at most .* are read$"):
        PullRequest.from_json({field: "x" * (MOST_CHARACTERS[field] + 1)})


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([], "is no JSON object"),
        ({"other": 1}, "has none of title, message, author, branch, diff and labels"),
        ({"diff": 1}, "diff: must be a string"),
        ({"title": ["a"]}, "title: must be a string"),
        ({"diff": "", "labels": "a"}, "labels: must be a list of strings"),
        ({"diff": "", "labels": [1]}, "labels: must be a list of strings"),
        ({"diff": "", "labels": ["a"] * 1001}, "labels: are 1,001; at most 1,000 are read"),
    ],
)
def test_what_is_no_pull_request_is_refused_by_field(document: object, said: str) -> None:
    with pytest.raises(Refused) as refused:
        PullRequest.from_json(document)
    assert str(refused.value) == said


@pytest.mark.parametrize(
    "name", ["a\u202eb", "../../lodash", "a\u200bb", "<script>", "а", "a/../b", "a" * 400]
)  # fmt: skip
def test_names_that_no_registry_has_are_not_listed(name: str) -> None:
    diff = diff_of("package.json", f'"dependencies": {{\n-  "{name}": "1.0"\n+  "{name}": "1.1"')
    explanation = explained(diff.replace('\n"dep', '\n "dep'))
    assert explanation.changes == []
    assert "package.json names a package with characters that no registry allows" in str(
        explanation.problems
    )


@pytest.mark.parametrize("version", ["1.0\u202e", "1" * 300, "1.0\u0661"])
def test_versions_that_nothing_has_are_not_listed(version: str) -> None:
    diff = diff_of("package.json", f' "dependencies": {{\n-  "a": "0.1"\n+  "a": "{version}"')
    explanation = explained(diff)
    assert [one.new for one in explanation.changes] == [None]
    assert "gives a version with characters that none has" in str(explanation.problems)


@pytest.mark.parametrize(
    "file", ["../package.json", "/etc/package.json", "a\u202e/package.json", "a/../package.json"]
)
def test_files_that_lead_elsewhere_are_not_read(file: str) -> None:
    diff = diff_of(file, ' "dependencies": {\n-  "a": "0.1"\n+  "a": "0.2"')
    explanation = explained(diff)
    assert explanation.changes == []
    assert "A file has a name that leads elsewhere" in str(explanation.problems)


def test_another_version_of_the_same_commit_is_no_change() -> None:
    line = "      - uses: a/b@" + "c" * 40
    diff = diff_of(".github/workflows/a.yml", f"-{line} # v1.0.0\n+{line} # v2.0.0")
    explanation = explained(diff, title="Bump a/b from 1.0.0 to 2.0.0")
    assert explanation.changes == []
    assert explanation.problems == [
        ".github/workflows/a.yml names another version of a/b, but of the same commit; "
        "it is not listed."
    ]


def test_a_binary_file_changes_nothing() -> None:
    diff = (
        "diff --git a/package-lock.json b/package-lock.json\nindex 1..2 100644\n"
        "Binary files a/package-lock.json and b/package-lock.json differ\n"
    )
    assert explained(diff).changes == []


def test_five_hundred_packages_are_all_listed_in_the_order_that_is_stated() -> None:
    names = [f"p{number}" for number in range(500)]
    diff = diff_of(
        "requirements.txt",
        "\n".join([f"-{one}==1.0" for one in names] + [f"+{one}==1.1" for one in names]),
    )
    listed = "".join(
        f"- dependency-name: {one}\n  dependency-version: '1.1'\n" for one in reversed(names)
    )
    explanation = explained(diff, message=f"Bump all\n\n---\nupdated-dependencies:\n{listed}...\n")
    assert said(explanation) == [(one, "PyPI", "1.0", "1.1") for one in reversed(names)]
    assert explanation.source == "trailer"


def test_more_changes_than_are_listed_are_told() -> None:
    lines = [f"{sign}p{number}==1.{sign == '+':d}" for sign in "-+" for number in range(5001)]
    explanation = explained(diff_of("requirements.txt", "\n".join(lines)))
    assert len(explanation.changes) == 5000
    assert explanation.problems == ["More than 5,000 changes; the rest is not listed."]


def test_anchors_and_tags_in_a_trailer_mean_nothing() -> None:
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\n"
    message = f"x\n---\nupdated-dependencies:\n{bomb}- dependency-name: !!python/object a\n...\n"
    assert explained(diff_of("requirements.txt", "-a==1\n+a==2"), message=message).source == "diff"


# -- How long it takes ------------------------------------------------------------------------

TOKENS = [
    *("a", '"', '\\"', "'", "a=", "[", "{", "}", "<a ", "- repo: a", "  ", "a:b:", "@", "a@", "/"),
    *("1.", "==1,", " --a", "FROM --a ", "image: ", "uses: a@", '"a": {', '"a": "1",', 'gem "a", '),
    *("${", "(", "#", "\\", 'group: "a", name: ', "=>", "\t", 'id "a" version ', '"a" = "', "|-"),
]
FILES = [
    *(
        "package.json",
        "package-lock.json",
        "yarn.lock",
        "pnpm-lock.yaml",
        "pnpm-workspace.yaml",
        "bun.lock",
    ),
    *("requirements.txt", "pyproject.toml", "setup.py", "setup.cfg", "Pipfile", "Pipfile.lock"),
    *("uv.lock", "go.mod", "go.sum", "pom.xml", "build.gradle", "gradle.properties"),
    *("libs.versions.toml", "gradle.lockfile", "Gemfile", "Gemfile.lock", "Cargo.toml"),
    *("Cargo.lock", "composer.json", "composer.lock", "a.csproj", "packages.lock.json"),
    *("dotnet-tools.json", ".github/workflows/a.yml", ".pre-commit-config.yaml", "Dockerfile"),
    *("compose.yml", ".python-version", ".nvmrc", ".ruby-version", ".go-version"),
]
SHORT, LONG = 1500, 6000
MOST_TIMES = 9
"""Four times the text takes four times as long; where time grows with its square, sixteen."""


def test_every_format_has_a_file_here() -> None:
    assert {format_of(one) for one in FILES} == {one for _form, one in FORMATS}


@pytest.mark.parametrize("file", FILES)
def test_time_grows_with_the_length_of_lines(file: str) -> None:
    def seconds(length: int) -> float:
        lines = [(token * length)[:length] for token in TOKENS]
        pull_request = PullRequest(diff=diff_of(file, *(f"-{one}\n+{one}x" for one in lines)))
        return _fastest(pull_request)

    assert seconds(LONG) < MOST_TIMES * seconds(SHORT)


@pytest.mark.parametrize(
    "token",
    [
        *("|---|---|\n", "| a ", "| Package | Change |\n|---|---|\n", "Bumps [a](b) from ", "`"),
        *("Bumps [a", "updated-dependencies:\n", "- dependency-name: a\n", "| - ", "\n", " "),
    ],
)
def test_time_grows_with_the_length_of_the_message(token: str) -> None:
    def seconds(length: int) -> float:
        return _fastest(PullRequest(message=token * (length * 10 // len(token))))

    assert seconds(LONG) < MOST_TIMES * max(seconds(SHORT), 0.001)


def _fastest(pull_request: PullRequest) -> float:
    times = []
    for _ in range(3):
        started = time.process_time()
        explain(pull_request)
        times.append(time.process_time() - started)
    return min(times)


# -- Anything ---------------------------------------------------------------------------------

LINES = st.lists(
    st.tuples(
        st.sampled_from(" -+"), st.text(alphabet="abc1.2@:\"{}[]=<>/ \t,^~v#'\\", max_size=40)
    ),
    max_size=20,
)


@given(file=st.sampled_from(FILES), lines=LINES)
def test_every_change_is_on_the_lines_of_the_diff(file: str, lines: list[tuple[str, str]]) -> None:
    body = "".join(f"{sign}{text}\n" for sign, text in lines)
    diff = f"diff --git a/{file} b/{file}\n--- a/{file}\n+++ b/{file}\n@@ -1,20 +1,20 @@\n{body}"
    old = "\n".join(text for sign, text in lines if sign != "+")
    new = "\n".join(text for sign, text in lines if sign != "-")
    for one in explain(PullRequest(diff=diff)).changes:
        assert one.old != one.new
        assert all(part in old for part in _parts(one.old))
        assert all(part in new for part in _parts(one.new))


def _parts(version: str | None) -> list[str]:
    return [] if version in {None, "*"} else str(version).replace(",", " ").split()


@given(text=st.text(), message=st.text())
def test_any_text_is_explained(text: str, message: str) -> None:
    explain(PullRequest(title=text, message=message, author=text, branch=text, diff=text))
