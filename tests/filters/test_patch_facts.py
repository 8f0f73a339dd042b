"""What filters see of a patch is stored with every change of it, and read where it is not."""

import importlib
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from reviews import diffs, patch_facts, services
from reviews.diffs import Diff
from reviews.filters import facts_of, parse
from reviews.models import APV
from tests.support import forge_rows
from tests.support.site import DIFF, apv

pytestmark = pytest.mark.django_db
CVES = ["CVE-2026-1001", "CVE-2026-1002"]
LOCK = DIFF.replace("requirements.txt", "deep/down/requirements.txt").replace("2.31.0", "3.0.0")
MIGRATION = importlib.import_module("reviews.migrations.0013_filter_values")


def stored(one: APV) -> tuple[Any, Any, Any]:
    return APV.objects.values_list("paths", "version_step", "dependency").get(pk=one.pk)


def change(**fields: Any) -> dict[str, Any]:
    names = {"package": "requests", "ecosystem": "PyPI", "from": "1", "to": "2", "file": ""}
    return {**names, "direct": None, **fields}


def test_new_apv_has_the_facts_of_its_patch() -> None:
    one = APV.objects.create(**apv(affected_files=["shop/pay.py"]))
    assert stored(one) == (["requirements.txt", "shop/pay.py"], "minor", "direct")


def test_facts_follow_new_evidence() -> None:
    one = APV.objects.create(**apv())
    values = {"patch_diff": LOCK, "changes": [change(direct=False)]}
    services.add_evidence(apv_id=one.pk, values=values, version=1)
    assert stored(one) == (["deep/down/requirements.txt"], "minor", "transitive")


def test_facts_follow_a_correction_of_the_package() -> None:
    one = APV.objects.create(**apv())
    one.fixed_version = "3.0.0"
    services.change_apv(apv=one, fields=["fixed_version"])
    assert stored(one)[1] == "major"


@pytest.mark.parametrize(
    ("said", "dependency"),
    [
        ([True], "direct"),
        ([False], "transitive"),
        ([False, True], "direct"),
        ([None], ""),
        ([None, False], "transitive"),
    ],
)
def test_direct_is_what_any_file_asks_for_itself(said: list[Any], dependency: str) -> None:
    changes = [change(direct=one) for one in said]
    others = [change(package="urllib3", direct=True)]
    assert stored(APV.objects.create(**apv(changes=changes + others)))[2] == dependency


def test_dependency_is_read_from_the_diff_if_no_change_was_given() -> None:
    diff = """--- a/go.mod
+++ b/go.mod
@@ -3,2 +3,2 @@
 require (
-\tgolang.org/x/net v0.17.0 // indirect
+\tgolang.org/x/net v0.33.0 // indirect
"""
    fields = {"package_name": "golang.org/x/net", "package_ecosystem": "Go"}
    assert stored(APV.objects.create(**apv(**fields, patch_diff=diff)))[2] == "transitive"


def test_row_of_an_earlier_release_is_read_as_it_is_and_filled_by_the_migration() -> None:
    one = APV.objects.create(**apv())
    before = stored(one), facts_of(APV.objects.get())
    APV.objects.update(paths=None, version_step=None, dependency=None)
    facts = facts_of(APV.objects.get(), None)
    assert {**facts, "age": 0} == {**before[1], "age": 0}
    assert parse("path=requirements.txt&step=minor").matches(facts)
    with connection.schema_editor() as editor:
        MIGRATION.fill_rows(apps, editor)
    assert stored(one) == before[0]


def test_names_that_no_column_holds_are_made_storable() -> None:
    diff = DIFF.replace("a/requirements.txt", '"a/x\\000.txt"').replace(
        "b/requirements.txt", '"b/x\\000.txt"'
    )
    [path] = stored(APV.objects.create(**apv(patch_diff=diff)))[0]
    assert "\x00" not in path


def test_pull_request_gives_repository_author_label_and_branch() -> None:
    repository = forge_rows.repository(path="acme/app")
    row = forge_rows.pull_request(repository, labels=["security"])
    row.save()
    one = APV.objects.create(**apv(), pull_request=row)
    facts = facts_of(one)
    name = f"{repository.forge.name}/acme/app"
    assert parse(f"repository={name}&author=dependabot[bot]&label=security").matches(facts)
    assert not parse("label=deps").matches(facts)


def test_patch_is_parsed_once_as_apvs_are_added(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []

    def parse_diff(text: str) -> Diff:
        parsed.append(text)
        return diffs.parse(text)

    monkeypatch.setattr(patch_facts, "parse", parse_diff)
    diff = DIFF.replace("2.31.0", "2.31.7")  # of which nothing is remembered yet
    APV.objects.bulk_create([APV(**apv(patch_diff=diff, cve_id=one)) for one in CVES])
    assert parsed == [diff]


def test_facts_of_long_patches_cost_little_beside_parsing_them() -> None:
    """Manifests and lock files are the longest: each line may name a package."""
    contents = [" context\n" * 100_000, "".join(f"+other{n}==1\n" for n in range(70_000))]
    patches = [DIFF + one for one in contents] + [long_lock(10_000)]

    def seconds(read: Callable[[str], object]) -> float:
        began = time.thread_time()
        for one in patches:
            read(one)
        return time.thread_time() - began

    def fill(patch: str) -> None:
        patch_facts.fill(APV(**apv(patch_diff=patch)))

    times = [(seconds(fill), seconds(diffs.parse)) for _round in range(3)]
    with_facts, parsed = (min(one) for one in zip(*times, strict=True))
    assert with_facts < 4 * parsed


def long_lock(packages: int) -> str:
    """Return a diff that writes a lock file of so many packages, with the APV's own in it."""
    names = [f"other-{number}" for number in range(packages)]
    names.insert(packages // 2, "requests")
    block = '+[[package]]\n+name = "{}"\n+version = "2.31.0"\n+source = "registry"\n+\n'
    body = "".join(block.format(name) for name in names)
    return f"--- /dev/null\n+++ b/uv.lock\n@@ -0,0 +1,{len(names) * 5} @@\n{body}"


def test_package_is_found_deep_in_a_long_patch() -> None:
    held = "".join(f' "other{n}": "1",\n' for n in range(500))
    manifest = (
        "--- a/package.json\n+++ b/package.json\n@@ -1,1000 +1,1000 @@\n"
        f' "dependencies": {{\n{held}-  "request": "1.0.0"\n+  "request": "2.0.0"\n{held} }}\n'
    )
    fields = {"package_ecosystem": "npm", "package_name": "request"}
    one = APV.objects.create(**apv(**fields, patch_diff=long_lock(5_000) + manifest))
    assert stored(one)[2] == "direct"


def test_version_of_a_variable_is_found_in_another_file() -> None:
    diff = """--- a/build.gradle
+++ b/build.gradle
@@ -1,2 +1,2 @@
 implementation "org.x:net:$netVersion"
-// one
+// two
--- a/gradle.properties
+++ b/gradle.properties
@@ -1 +1 @@
-netVersion=1.0
+netVersion=1.1
"""
    fields = {"package_ecosystem": "Maven", "package_name": "org.x:net"}
    assert stored(APV.objects.create(**apv(**fields, patch_diff=diff)))[2] == "direct"
