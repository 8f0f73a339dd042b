"""The alert rules in deploy/ fire when they should, and only then; the dashboard's queries work."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.debian_program import PROMTOOL, NoProgram
from tests.support.site import ROOT

DEPLOY = ROOT / "deploy"
RULES, CASES = DEPLOY / "alerts.yml", DEPLOY / "alerts_test.yml"


@pytest.fixture(scope="session")
def promtool() -> Path:
    try:
        return PROMTOOL.obtain()
    except NoProgram as error:
        pytest.skip(str(error))


def assert_succeeds(promtool: Path, *arguments: str | Path) -> None:
    command = [str(promtool), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def rules() -> list[dict[str, Any]]:
    [group] = yaml.safe_load(RULES.read_text())["groups"]
    return list(group["rules"])


def test_each_alert_fires_in_its_cases_and_is_silent_otherwise(promtool: Path) -> None:
    assert_succeeds(promtool, "test", "rules", CASES)


def test_rules_are_valid(promtool: Path) -> None:
    assert_succeeds(promtool, "check", "rules", "--lint-fatal", RULES)


def test_queries_of_the_dashboard_are_valid(promtool: Path, tmp_path: Path) -> None:
    panels = json.loads((DEPLOY / "grafana-dashboard.json").read_text())["panels"]
    queries = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    assert len(queries) > 10
    recorded = [{"record": f"query_{at}", "expr": query} for at, query in enumerate(queries)]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": recorded}]}))
    assert_succeeds(promtool, "check", "rules", file)


def test_each_alert_has_a_case_in_which_it_fires_and_one_in_which_it_is_silent() -> None:
    fires: dict[str, set[bool]] = {}
    for case in yaml.safe_load(CASES.read_text())["tests"]:
        for look in case["alert_rule_test"]:
            fires.setdefault(look["alertname"], set()).add(bool(look["exp_alerts"]))
    assert fires == {rule["alert"]: {True, False} for rule in rules()}


def test_each_alert_says_what_happened_and_what_to_do() -> None:
    for rule in rules():
        assert {"alert", "expr", "for", "labels", "annotations"} <= set(rule)
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert {"summary", "description"} <= set(rule["annotations"])
