"""The documents for contributors agree with the repository."""

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from tests.support.site import ROOT

ADR = ROOT / "docs" / "adr"
DECISIONS = sorted(ADR.glob("[0-9]*.md"))
PAGES = [ROOT / "CONTRIBUTING.md", *ADR.glob("*.md")]
MAKEFILE = (ROOT / "Makefile").read_text()


def workflows() -> Iterator[dict[str, object]]:
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        yield from yaml.safe_load(path.read_text())["jobs"].values()


def commands(job: object) -> Iterator[str]:
    """Return the commands in the steps of a workflow's job."""
    assert isinstance(job, dict)
    for step in job["steps"]:
        yield from step.get("run", "").splitlines()


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_files_that_are_named_exist() -> None:
    for page in PAGES:
        for path in re.findall(r"`([\w.-]+/[\w./-]+\.\w+)`", page.read_text()):
            assert (ROOT / path).exists(), f"{page.name}: {path}"


def test_commands_that_are_named_are_targets_of_the_makefile() -> None:
    named = {
        target
        for page in PAGES
        for target in re.findall(r"\bmake ([a-z-]+)", code_of(page.read_text()))
    }
    named |= {
        target
        for job in workflows()
        for command in commands(job)
        for target in re.findall(r"^make ([a-z-]+)", command)
    }
    assert {"run", "test", "check"} <= named
    assert named <= set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))


def code_of(page: str) -> str:
    """Return the code in backticks or fences on a page."""
    return "\n".join(re.findall(r"```.*?```|`[^`]+`", page, re.DOTALL))


def test_index_has_every_decision_by_its_title() -> None:
    index = (ADR / "README.md").read_text()
    rows = re.findall(r"^\| \[(\d+)\]\((\S+\.md)\) \| (.+) \|$", index, re.MULTILINE)
    titles = [re.match(r"# (\d+)\. (.+)\n", page.read_text()) for page in DECISIONS]
    assert rows == [
        (title[1], page.name, title[2])
        for page, title in zip(DECISIONS, titles, strict=True)
        if title
    ]
    assert [int(number) for number, _, _ in rows] == list(range(1, len(rows) + 1))


def test_each_decision_has_its_parts_and_is_short() -> None:
    for page in DECISIONS:
        text = page.read_text()
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
            "Context",
            "Decision",
            "Consequences",
        ], page.name
        assert re.search(r"^Status: ", text, re.MULTILINE), page.name
        assert len(text.splitlines()) <= 40, page.name


def test_workflows_try_the_pythons_that_make_takes() -> None:
    script = (ROOT / "find_python.sh").read_text()
    found = re.search(r"for minor in ([\d ]+);", script)
    assert found
    taken = {f"3.{minor}" for minor in found[1].split()}
    matrices = [
        set(job["strategy"]["matrix"]["python"])  # type: ignore[index]
        for job in workflows()
        if "strategy" in job
    ]
    assert matrices == [taken, taken]
    for text in ("README.md", "CONTRIBUTING.md", "docs/production.md"):
        assert "Python 3.11, 3.12, 3.13 or 3.14" in Path(ROOT / text).read_text(), text


def test_hooks_before_a_commit_are_part_of_the_checks() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]
    assert hooks
    for hook in hooks:
        assert hook["language"] == "system", f"{hook['id']} would be downloaded"
        found = re.match(r"\.venv/bin/python (-m \w+)", hook["entry"])
        assert found, hook["entry"]
        assert found[1] in MAKEFILE, hook["id"]
