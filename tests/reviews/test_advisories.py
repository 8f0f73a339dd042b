"""Advisories are stored, and the APVs that depend on them follow."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from audit.models import Entry
from realtime.models import Event
from reviews import services, tally
from reviews.choices import Severity, Status
from reviews.errors import InvalidInput, VersionChanged
from reviews.imports import advisories, osv
from reviews.models import APV, Advisory, APVAdvisory
from tests.support.site import apv as fields_of_apv

pytestmark = pytest.mark.django_db

Json = dict[str, Any]
FIRST, LATER, LAST = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"


def advisory(name: str = "GHSA-kept", *, fixed: str = "1.2.1", **more: Any) -> Json:
    events = [{"introduced": "0"}, {"fixed": fixed}]
    return {
        "id": name,
        "modified": FIRST,
        "aliases": ["CVE-2026-90001"],
        "summary": "A flaw",
        "affected": [
            {
                "package": {"ecosystem": "npm", "name": "taken-back"},
                "ranges": [{"type": "SEMVER", "events": events}],
            }
        ],
    } | more


class Imports:
    """Imports advisories as files, and counts the results."""

    def __init__(self, folder: Path, capsys: Any) -> None:
        self._folder, self._capsys = folder, capsys

    def __call__(self, *documents: Json, **options: Any) -> dict[str, int]:
        for number, document in enumerate(documents):
            path = self._folder / f"{number}.json"
            path.write_text(json.dumps(document), encoding="utf-8")
        paths = [str(self._folder / f"{number}.json") for number in range(len(documents))]
        call_command("import_osv", *paths, **options)
        rows = (line.rsplit(maxsplit=1) for line in self._capsys.readouterr().out.splitlines())
        return {what.strip(): int(count) for what, count in rows if count != "0"}


@pytest.fixture
def imports(tmp_path: Path, capsys: Any) -> Imports:
    return Imports(tmp_path, capsys)


@pytest.fixture
def reviewer() -> Any:
    return get_user_model().objects.create_superuser("ada", "ada@example.com", "x")


def decide(apv: APV, reviewer: Any, decision: str = "escalate", **more: Any) -> Any:
    return services.decide(
        apv_id=apv.pk,
        decision=decision,
        justification="Looked at closely.",
        reviewer=reviewer,
        **more,
    )


def audited(action: str) -> list[Json]:
    return [json.loads(one.details) for one in Entry.objects.filter(action=action)]


# -- Kept -------------------------------------------------------------------------------------


def test_an_imported_advisory_is_kept_as_it_was_published(imports: Imports):
    imports(advisory())
    kept = Advisory.objects.get()
    assert (kept.osv_id, kept.aliases, kept.withdrawn) == ("GHSA-kept", ["CVE-2026-90001"], None)
    assert kept.document == advisory()
    assert kept.modified is not None
    assert kept.modified.isoformat() == "2026-01-01T00:00:00+00:00"


def test_an_advisory_that_gives_no_apv_is_kept_too(imports: Imports):
    imports(advisory(withdrawn=FIRST), advisory("GHSA-other", affected=[]))
    assert Advisory.objects.count() == 2
    assert not APV.objects.exists()


def test_several_advisories_stand_behind_one_apv(imports: Imports):
    assert imports(advisory(), advisory("PYSEC-2026-1")) == {"added": 1, "known already": 1}
    links = APVAdvisory.objects.order_by("advisory__osv_id")
    assert [(one.advisory.osv_id, one.origin) for one in links] == [
        ("GHSA-kept", True),
        ("PYSEC-2026-1", False),
    ]


def test_texts_that_the_database_cannot_store_are_kept_without_what_it_cannot(imports: Imports):
    imports(advisory(database_specific={"a\0": ["\ud800", float("nan"), "ok"]}))
    stored = Advisory.objects.get().document["database_specific"]
    assert stored == {"a\ufffd": ["?", None, "ok"]}


def test_an_advisory_that_is_nested_too_deeply_is_passed_over(imports: Imports):
    deep: Any = "x"
    for _ in range(300):
        deep = [deep]
    assert imports(advisory(database_specific=deep)) == {"passed over: not an OSV advisory": 1}


# -- Withdrawn --------------------------------------------------------------------------------


def test_an_apv_leaves_the_queue_when_its_advisory_is_withdrawn(imports: Imports):
    imports(advisory())
    version = APV.objects.get().version
    taken = advisory(modified=LATER, withdrawn=LATER)
    assert imports(taken) == {"withdrawn from the queue": 1, "passed over: withdrawn": 1}
    apv = APV.objects.get()
    assert (apv.status, apv.version) == (Status.WITHDRAWN, version + 1)
    assert audited("apv_withdrawn") == [{"advisories": ["GHSA-kept"]}]


def test_counters_and_lists_follow_a_withdrawal(imports: Imports):
    imports(advisory())
    assert tally.pending() == 1
    imports(advisory(modified=LATER, withdrawn=LATER))
    assert tally.pending() == 0
    assert tally.apvs_in(Status.WITHDRAWN) == tally.apvs() == 1
    assert not APV.objects.pending().exists()


def test_a_withdrawal_is_an_event_of_changes_alone_and_no_decision(imports: Imports):
    imports(advisory())
    before = Event.objects.exclude(channel="changes").count()
    imports(advisory(modified=LATER, withdrawn=LATER))
    assert Event.objects.exclude(channel="changes").count() == before
    told = json.loads(Event.objects.get(channel="changes").message)
    apv = APV.objects.get()
    assert (told["what"], told["status"], told["version"]) == ("withdrawn", apv.status, apv.version)
    assert (apv.withdrawn_reason, apv.withdrawn_by) == ("advisories", "")
    assert tally.decisions() == 0


def test_nobody_decides_on_an_apv_that_was_withdrawn(imports: Imports, reviewer: Any):
    imports(advisory())
    imports(advisory(modified=LATER, withdrawn=LATER))
    with pytest.raises(InvalidInput) as refused:
        decide(APV.objects.get(), reviewer)
    assert "is withdrawn, not open" in str(refused.value.errors["apv_id"][0])


def test_an_apv_stays_while_another_advisory_stands_behind_it(imports: Imports):
    other = advisory("PYSEC-2026-1")
    imports(advisory(), other)
    imports(advisory(modified=LATER, withdrawn=LATER))
    assert APV.objects.get().status == Status.PENDING
    imports(other | {"modified": LATER, "withdrawn": LATER})
    assert APV.objects.get().status == Status.WITHDRAWN


def test_an_advisory_that_comes_back_brings_its_apv_back(imports: Imports):
    imports(advisory())
    imports(advisory(modified=LATER, withdrawn=LATER))
    assert imports(advisory(modified=LAST))["back in the queue"] == 1
    apv = APV.objects.get()
    assert (apv.status, apv.version) == (Status.PENDING, 3)
    assert audited("apv_reopened") == [{"advisories": ["GHSA-kept"]}]


def test_decided_apvs_do_not_change_but_their_advisory_does(imports: Imports, reviewer: Any):
    imports(advisory())
    decide(APV.objects.get(), reviewer)
    before = APV.objects.values().get()
    imports(advisory(modified=LATER, withdrawn=LATER, fixed="1.2.2"))
    assert APV.objects.values().get() == before
    link = APVAdvisory.objects.select_related("advisory").get()
    assert not link.applies
    assert link.advisory.withdrawn is not None


def test_the_apv_of_a_pipeline_stays_when_an_advisory_beside_it_is_withdrawn(imports: Imports):
    mine = fields_of_apv(
        package_name="taken-back",
        package_ecosystem="npm",
        fixed_version="1.2.1",
        cve_id="CVE-2026-90001",
        patch_strategy="version_bump",
    )
    services.add_apvs(apvs=[APV(**mine)])
    assert imports(advisory()) == {"known already": 1}
    imports(advisory(modified=LATER, withdrawn=LATER))
    assert APV.objects.get().status == Status.PENDING
    assert APVAdvisory.objects.get().advisory.withdrawn is not None


# -- Revised ----------------------------------------------------------------------------------


def test_an_older_advisory_changes_nothing(imports: Imports):
    imports(advisory(modified=LATER, withdrawn=LATER))
    assert imports(advisory()) == {"passed over: older than what is kept": 1}
    assert Advisory.objects.get().withdrawn is not None
    assert not APV.objects.exists()


def test_another_fix_revises_the_apv_and_refuses_a_form_that_is_out_of_date(
    imports: Imports, reviewer: Any
):
    imports(advisory())
    read = APV.objects.get()
    assert imports(advisory(modified=LATER, fixed="1.2.2")) == {"revised": 1}
    apv = APV.objects.get()
    assert (apv.apv_code, apv.fixed_version) == (read.apv_code, "1.2.2")
    assert apv.package_version == "before 1.2.2"
    assert "1.2.2" in apv.patch_diff
    assert "1.2.1" not in apv.patch_diff + apv.patch_description
    with pytest.raises(VersionChanged):
        decide(read, reviewer, version=read.version)
    assert "fixed_version" in audited("apv_changed")[0]["fields"]


def test_what_somebody_corrected_meanwhile_stays(imports: Imports):
    imports(advisory())
    apv = APV.objects.get()
    apv.cve_title, apv.priority = "Our words", 10
    apv.save()
    later = advisory(modified=LATER, summary="A grave flaw", details="More.")
    later["database_specific"] = {"severity": "HIGH"}
    assert imports(later) == {"revised": 1}
    apv.refresh_from_db()
    assert (apv.cve_title, apv.cve_description) == ("Our words", "More.")
    assert (apv.severity, apv.priority) == (Severity.HIGH, 10)


def test_the_priority_follows_the_severity(imports: Imports):
    imports(advisory())
    imports(advisory(modified=LATER, database_specific={"severity": "CRITICAL"}))
    apv = APV.objects.get()
    assert (apv.severity, apv.priority) == (Severity.CRITICAL, 10)


def test_a_fix_that_another_advisory_still_names_stays_and_the_new_one_is_added(imports: Imports):
    imports(advisory(), advisory("PYSEC-2026-1"))
    assert imports(advisory(modified=LATER, fixed="1.2.2")) == {"added": 1}
    assert set(APV.objects.pending().values_list("fixed_version", flat=True)) == {"1.2.1", "1.2.2"}


def test_another_fix_after_a_decision_is_a_new_apv(imports: Imports, reviewer: Any):
    imports(advisory())
    decide(APV.objects.get(), reviewer)
    assert imports(advisory(modified=LATER, fixed="1.2.2")) == {"added": 1}
    assert set(APV.objects.values_list("fixed_version", "status")) == {
        ("1.2.1", Status.ESCALATED),
        ("1.2.2", Status.PENDING),
    }


def test_an_advisory_that_names_no_fix_any_more_takes_its_apv_out_of_the_queue(imports: Imports):
    imports(advisory())
    open_end = copy.deepcopy(advisory(modified=LATER))
    del open_end["affected"][0]["ranges"][0]["events"][1]
    assert imports(open_end)["withdrawn from the queue"] == 1


def test_an_advisory_that_names_another_package_moves_on(imports: Imports):
    imports(advisory())
    renamed = json.loads(json.dumps(advisory(modified=LATER)).replace("taken-back", "other"))
    assert imports(renamed) == {"added": 1, "withdrawn from the queue": 1}
    assert APV.objects.pending().get().package_name == "other"


def test_a_revision_of_the_spelling_adds_no_second_apv(imports: Imports):
    imports(json.loads(json.dumps(advisory()).replace("npm", "NuGet")))
    changed = json.dumps(advisory(modified=LATER)).replace("npm", "NuGet")
    imports(json.loads(changed.replace("taken-back", "Taken-Back")))
    assert APV.objects.get().package_name == "Taken-Back"


def test_the_same_advisory_twice_changes_nothing(imports: Imports):
    imports(advisory())
    before = APV.objects.values().get()
    assert imports(advisory()) == {"known already": 1}
    assert APV.objects.values().get() == before


def test_revisions_in_one_import_count_in_their_order(imports: Imports):
    counts = imports(advisory(), advisory(modified=LATER, fixed="1.2.2"))
    assert counts == {"added": 1, "revised": 1}
    assert imports(advisory(modified=LAST), advisory())["passed over: older than what is kept"] == 1


@pytest.mark.parametrize("change", [{"withdrawn": LATER}, {"fixed": "1.2.2"}])
def test_a_dry_run_says_what_would_happen_and_keeps_nothing(imports: Imports, change: Json):
    imports(advisory())
    before = APV.objects.values().get(), Advisory.objects.values().get()
    events = Event.objects.count()
    counts = imports(advisory(modified=LATER, **change), dry_run=True)
    assert counts["withdrawn from the queue" if "withdrawn" in change else "revised"] == 1
    assert (APV.objects.values().get(), Advisory.objects.values().get()) == before
    assert Event.objects.count() == events


# -- Documents that PostgreSQL cannot store ---------------------------------------------------

TEXTS = st.text(max_size=4) | st.sampled_from(["\0", "\ud800", "NaN", "{", "\\u0000", "😀"])
DOCUMENTS: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
)


def nested(levels: int) -> Any:
    return json.loads("[" * levels + "]" * levels)


@given(value=DOCUMENTS | st.integers(150, 250).map(nested))
def test_what_is_stored_does_not_depend_on_how_it_was_looked_at(value: Any) -> None:
    def repaired(repair: Callable[[Any], Any]) -> str:
        try:
            return repr(repair(value))
        except osv.PassedOver as why:
            return str(why)

    assert repaired(advisories.storable) == repaired(lambda value: advisories._storable(value, 0))
