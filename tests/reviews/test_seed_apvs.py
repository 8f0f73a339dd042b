import re
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.forms.models import model_to_dict

from realtime.models import Event
from reviews.choices import PatchStrategy, Status, WargameVerdict
from reviews.demo.apvs import SERVICES, WEAK_VALIDATION, demo_apvs, load_advisories
from reviews.demo.workarounds import WORKAROUNDS
from reviews.models import APV

MADE_ANEW = ["apv_id", "apv_code", "created_at", "updated_at"]
MANY = list(demo_apvs(400, seed=3))

each_workaround = pytest.mark.parametrize("cve_id", WORKAROUNDS)


def seed(capsys: Any = None, **options: Any) -> str:
    call_command("seed_apvs", **options)
    return capsys.readouterr().out if capsys else ""


def content(apv: APV) -> dict[str, Any]:
    fields = model_to_dict(apv)
    return {name: value for name, value in fields.items() if name not in MADE_ANEW}


def contents() -> list[dict[str, Any]]:
    return [content(apv) for apv in APV.objects.order_by("created_at", "apv_code")]


def with_verdict(verdict: WargameVerdict | None) -> list[APV]:
    return [apv for apv in MANY if apv.wargame_verdict == verdict]


def mean_patch_confidence(verdict: WargameVerdict) -> float:
    found = with_verdict(verdict)
    return sum(apv.patch_confidence or 0 for apv in found) / len(found)


# -- The command ------------------------------------------------------------------------------


def test_as_many_apvs_are_added_as_asked_for(db: None, capsys: Any):
    assert seed(capsys, count=7) == "7 demo APVs added (seed 1).\n"
    assert APV.objects.count() == 7


def test_fifty_are_added_when_no_count_is_given(db: None):
    seed()
    assert APV.objects.count() == 50


def test_the_same_seed_gives_the_same_apvs(db: None):
    seed(count=30, seed=5)
    first = contents()
    APV.objects.all().delete()
    seed(count=30, seed=5)
    assert contents() == first


def test_another_seed_gives_other_apvs():
    assert [content(apv) for apv in demo_apvs(20, 1)] != [content(apv) for apv in demo_apvs(20, 2)]


def test_a_longer_run_starts_with_the_apvs_of_a_shorter_one():
    longer = [content(apv) for apv in demo_apvs(90, 1)]
    assert longer[:40] == [content(apv) for apv in demo_apvs(40, 1)]


def test_each_apv_is_told_once(db: None):
    seed(count=120)
    told = Event.objects.filter(channel="apvs", type="new_apv").count()
    assert told == APV.objects.count() == 120


def test_a_rate_spreads_the_apvs_over_time(db: None):
    started = time.monotonic()
    seed(count=5, rate=20)
    assert time.monotonic() - started >= 4 / 20
    times = list(APV.objects.order_by("created_at").values_list("created_at", flat=True))
    assert (times[-1] - times[0]).total_seconds() >= 3.5 / 20


@pytest.mark.parametrize("count", [0, -1, 100_001])
def test_a_count_out_of_range_is_refused(count: int):
    with pytest.raises(CommandError, match="--count must be from 1 to 100,000"):
        seed(count=count)


@pytest.mark.parametrize("rate", [0.0, -2.0, float("nan"), float("inf"), 1e-9])
def test_a_rate_out_of_range_is_refused(rate: float):
    with pytest.raises(CommandError, match=r"--rate must be a number from 0\.001 up"):
        seed(count=1, rate=rate)


@pytest.mark.parametrize("option", ["--count", "--seed", "--rate"])
def test_what_is_no_number_is_refused(option: str):
    with pytest.raises(CommandError, match=f"argument {option}: invalid"):
        call_command("seed_apvs", f"{option}=many")


def test_ctrl_c_ends_a_slow_run_in_one_line(db: None, monkeypatch: pytest.MonkeyPatch):
    def interrupt(seconds: float) -> None:
        if APV.objects.count() == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", interrupt)
    with pytest.raises(CommandError, match="stopped after 2 of 9") as error:
        seed(count=9, rate=1)
    assert error.value.returncode == 130


# -- The APVs ---------------------------------------------------------------------------------


def test_demo_apvs_keep_every_rule_of_the_model():
    for apv in MANY:
        apv.clean_fields()


def test_demo_apvs_are_pending_and_take_their_priority_from_the_severity():
    assert {(apv.status, apv.priority) for apv in MANY} == {(Status.PENDING, None)}


def test_no_cve_comes_again_before_all_were_used():
    advisories = load_advisories()
    first_round = list(demo_apvs(len(advisories), seed=2))
    assert {apv.cve_id for apv in first_round} == {fact["cve_id"] for fact in advisories}


def test_every_ecosystem_of_the_facts_has_a_service():
    assert {fact["ecosystem"] for fact in load_advisories()} <= SERVICES.keys()


def test_most_patches_are_version_bumps_and_each_strategy_comes_up():
    bumps = [apv for apv in MANY if apv.patch_strategy == PatchStrategy.VERSION_BUMP]
    assert 0.7 < len(bumps) / len(MANY) < 0.95
    assert {apv.patch_strategy for apv in MANY} == set(PatchStrategy)


def test_most_apvs_have_a_pull_request_and_a_few_do_not():
    without = [apv for apv in MANY if apv.pr_number is None]
    assert 0 < len(without) < len(MANY) / 5
    assert not any(apv.pr_url or apv.pr_branch for apv in without)


def test_a_pull_request_is_named_the_same_everywhere():
    for apv in MANY:
        if apv.pr_number is not None:
            service = SERVICES[apv.package_ecosystem]
            assert apv.pr_url == f"https://github.com/example/{service}/pull/{apv.pr_number}"
            assert re.fullmatch(r"fix/cve-\d+-\d+-[a-z0-9._-]+", apv.pr_branch)


def test_confidences_have_three_digits():
    names = [field.name for field in APV._meta.fields if "confidence" in field.name]
    assert len(names) == 6
    for apv in MANY:
        for value in (getattr(apv, name) for name in names):
            assert value is None or (0 <= value <= 1 and round(value, 3) == value)


def test_a_likely_false_positive_is_not_confirmed_with_certainty():
    for apv in MANY:
        assert apv.confirmation_confidence is not None
        assert apv.false_positive_probability is not None
        assert apv.confirmation_confidence + apv.false_positive_probability <= 1


def test_every_verdict_comes_up_and_no_verdict_too():
    assert {apv.wargame_verdict for apv in MANY} == {*WargameVerdict, None}


def test_better_patches_win_more_often():
    assert (
        mean_patch_confidence(WargameVerdict.SUCCESS)
        > mean_patch_confidence(WargameVerdict.PARTIAL)
        > mean_patch_confidence(WargameVerdict.FAILURE)
    )


def test_no_exploit_and_no_test_fails_a_success():
    for evidence in (apv.wargame_evidence for apv in with_verdict(WargameVerdict.SUCCESS)):
        assert evidence["exploits_before_patch"] > 0
        assert evidence["exploits_after_patch"] == evidence["tests_failed"] == 0


def test_a_partial_success_stops_some_exploits_and_a_failure_few():
    for evidence in (apv.wargame_evidence for apv in with_verdict(WargameVerdict.PARTIAL)):
        assert 0 < evidence["exploits_after_patch"] < evidence["exploits_before_patch"] / 2
    for evidence in (apv.wargame_evidence for apv in with_verdict(WargameVerdict.FAILURE)):
        assert evidence["exploits_after_patch"] >= evidence["exploits_before_patch"] // 2


def test_an_exploit_that_never_worked_is_inconclusive():
    for apv in with_verdict(WargameVerdict.INCONCLUSIVE):
        assert apv.wargame_evidence["exploits_before_patch"] == 0


def test_without_a_wargame_there_is_no_evidence():
    for apv in with_verdict(None):
        assert (apv.wargame_confidence, apv.wargame_run_url, apv.wargame_evidence) == (None, "", {})


def test_weak_validation_warns_and_strong_validation_does_not():
    for apv in MANY:
        assert apv.validation_confidence is not None
        is_weak = apv.validation_confidence < WEAK_VALIDATION
        assert bool(apv.validation_warnings) == is_weak
        assert is_weak or apv.validation_passed


# -- Workarounds ------------------------------------------------------------------------------


@each_workaround
def test_a_workaround_is_for_a_known_cve_and_not_a_bump(cve_id: str):
    assert cve_id in {fact["cve_id"] for fact in load_advisories()}
    assert WORKAROUNDS[cve_id].strategy != PatchStrategy.VERSION_BUMP


@each_workaround
def test_a_workaround_applies_with_git(cve_id: str, tmp_path: Path):
    [advisory] = [fact for fact in load_advisories() if fact["cve_id"] == cve_id]
    workaround, path = WORKAROUNDS[cve_id], advisory["affected_files"][0]
    target = tmp_path / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(workaround.before, encoding="utf-8")
    subprocess.run(
        ["git", "apply", "-"],
        cwd=tmp_path,
        input=workaround.diff(path).encode(),
        check=True,
        capture_output=True,
    )
    assert target.read_text(encoding="utf-8") == workaround.after
