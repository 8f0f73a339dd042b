import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command

from realtime.models import Event
from reviews.management.commands.import_osv import ADVISORY_MAX_BYTES, Command
from reviews.models import APV, ILLUSTRATIVE

Json = dict[str, Any]


def advisory(number: int = 1, **more: Any) -> Json:
    return {
        "id": f"PYSEC-2024-{number}",
        "modified": "2024-01-01T00:00:00Z",
        "aliases": [f"CVE-2024-{number:04d}"],
        "details": "A template can run code.",
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": "jinja"},
                "ranges": [
                    {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.2.1"}]}
                ],
                "versions": ["1.1", "1.2.0"],
            }
        ],
    } | more


class Importer:
    """Imports from a folder; its results are the printed ones, as a dict and as lines."""

    def __init__(self, folder: Path, capsys: Any) -> None:
        self.folder = folder
        self._capsys = capsys

    def write(self, name: str, content: Json | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return path

    def run(self, *paths: Path, **options: Any) -> dict[str, int]:
        """Imports `paths`, or the whole folder; returns the counts of the summary."""
        call_command("import_osv", *map(str, paths or [self.folder]), **options)
        written = self._capsys.readouterr()
        self.complaints: list[str] = written.err.splitlines()
        rows = (line.rsplit(maxsplit=1) for line in written.out.splitlines())
        return {what.strip(): int(count) for what, count in rows}


@pytest.fixture
def importer(db: None, tmp_path: Path, capsys: Any) -> Importer:
    return Importer(tmp_path, capsys)


# -- Where advisories are found ---------------------------------------------------------------


def test_a_json_file_is_imported(importer: Importer):
    counts = importer.run(importer.write("one.json", advisory()))
    assert counts == {"added": 1, "known already": 0}
    apv = APV.objects.get()
    assert (apv.cve_id, apv.package_version, apv.fixed_version) == (
        "CVE-2024-0001",
        "1.2.0",
        "1.2.1",
    )
    assert apv.pr_number is None


@pytest.mark.parametrize("suffix", ["yaml", "yml", "YAML"])
def test_a_yaml_file_is_imported(importer: Importer, suffix: str):
    importer.write(f"one.{suffix}", yaml.safe_dump(advisory()).encode())
    assert importer.run()["added"] == 1


def test_a_folder_is_walked_to_its_leaves(importer: Importer):
    importer.write("one.json", advisory(1))
    importer.write("a/b/two.yaml", yaml.safe_dump(advisory(2)).encode())
    importer.write("a/README.md", b"not an advisory")
    assert importer.run() == {"added": 2, "known already": 0}


def test_a_zip_is_imported(importer: Importer):
    path = importer.folder / "all.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("one.json", json.dumps(advisory(1)))
        archive.writestr("folder/two.yaml", yaml.safe_dump(advisory(2)))
        archive.writestr("README.md", "not an advisory")
        archive.writestr("broken.json", "{")
    assert importer.run(path) == {"added": 2, "known already": 0, "passed over: not JSON": 1}
    assert importer.complaints[0].startswith(f"{path}/broken.json: not JSON: ")


def test_several_paths_are_imported(importer: Importer):
    one, two = importer.write("one.json", advisory(1)), importer.write("two.json", advisory(2))
    assert importer.run(one, two)["added"] == 2


def test_a_missing_path_ends_the_import_before_it_starts(importer: Importer):
    importer.write("one.json", advisory())
    with pytest.raises(CommandError, match=r"none\.json: no such file or folder"):
        importer.run(importer.folder, importer.folder / "none.json")
    assert not APV.objects.exists()


# -- What is passed over ----------------------------------------------------------------------


def test_everything_passed_over_is_counted_by_reason(importer: Importer):
    nothing_fixed = [{"package": {"ecosystem": "PyPI", "name": "x"}, "versions": ["1"]}]
    importer.write("a.json", advisory(1))
    importer.write("b.json", advisory(2, withdrawn="2024-02-01T00:00:00Z"))
    importer.write("c.json", advisory(3, affected=nothing_fixed))
    importer.write("d.json", advisory(4, affected=nothing_fixed))
    importer.write("e.json", advisory(5, affected=[]))
    importer.write("f.json", {"name": "storefront"})
    importer.write("g.yaml", b"a: [")
    importer.write("h.json", b"\xff")
    assert importer.run() == {
        "added": 1,
        "known already": 0,
        "passed over: no fixed version": 2,
        "passed over: withdrawn": 1,
        "passed over: no affected package": 1,
        "passed over: not an OSV advisory": 1,
        "passed over: not YAML": 1,
        "passed over: not UTF-8": 1,
    }


def test_files_that_cannot_be_used_are_named_and_others_only_when_asked(importer: Importer):
    withdrawn = importer.write("a.json", advisory(withdrawn="2024-02-01T00:00:00Z"))
    other = importer.write("b.json", {"name": "storefront"})
    importer.run()
    assert importer.complaints == [f"{other}: not an OSV advisory"]
    importer.run(verbosity=2)
    assert importer.complaints == [f"{withdrawn}: withdrawn", f"{other}: not an OSV advisory"]


def test_an_advisory_that_breaks_a_rule_of_apvs_is_passed_over(importer: Importer):
    importer.write("a.json", advisory(details="a\0b", summary="fine"))
    assert importer.run(verbosity=2)["passed over: breaks a rule for APVs"] == 1
    assert "cve_description: Null characters are not allowed." in importer.complaints[0]


def test_a_folder_without_advisories_is_passed_over(importer: Importer):
    assert importer.run() == {"added": 0, "known already": 0, "passed over: no advisories in it": 1}


def test_a_broken_zip_is_passed_over(importer: Importer):
    assert importer.run(importer.write("all.zip", b"PK no zip")) == {
        "added": 0,
        "known already": 0,
        "passed over: not a readable zip": 1,
    }


def test_a_damaged_member_of_a_zip_is_passed_over(importer: Importer):
    path = importer.folder / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one.json", json.dumps(advisory(1)))
        archive.writestr("two.json", json.dumps(advisory(2)))
    path.write_bytes(path.read_bytes().replace(b"PYSEC-2024-1", b"PYSEC-2024-X", 1))
    assert importer.run(path) == {"added": 1, "known already": 0, "passed over: cannot be read": 1}


def test_an_oversized_file_is_passed_over(importer: Importer):
    importer.write("a.json", b" " * (ADVISORY_MAX_BYTES + 1))
    assert importer.run()["passed over: larger than 10 MiB"] == 1


# -- What is known ----------------------------------------------------------------------------


def test_importing_twice_adds_nothing_twice(importer: Importer):
    importer.write("a.json", advisory(1))
    importer.write("b.json", advisory(2, aliases=[]))
    assert importer.run() == {"added": 2, "known already": 0}
    assert importer.run() == {"added": 0, "known already": 2}
    assert APV.objects.count() == 2


def test_two_databases_on_the_same_cve_give_one_apv(importer: Importer):
    importer.write("a.json", advisory())
    importer.write("b.json", advisory(id="GHSA-aaaa-bbbb-cccc"))
    assert importer.run() == {"added": 1, "known already": 1}


def test_an_advisory_that_gets_its_cve_later_adds_no_second_apv(importer: Importer):
    importer.run(importer.write("a.json", advisory(aliases=[])))
    assert importer.run(importer.write("a.json", advisory()))["revised"] == 1
    assert APV.objects.get().cve_id == "CVE-2024-0001"


def test_another_fixed_version_of_another_advisory_is_new(importer: Importer):
    importer.run(importer.write("a.json", advisory()))
    text = json.dumps(advisory(id="GHSA-aaaa-bbbb-cccc")).replace("1.2.1", "1.2.2")
    assert importer.run(importer.write("b.json", text.encode()))["added"] == 1


def test_another_package_of_the_same_advisory_is_new(importer: Importer):
    importer.run(importer.write("a.json", advisory()))
    second = json.loads(json.dumps(advisory()["affected"][0]).replace("jinja", "ninja"))
    both = advisory(affected=[*advisory()["affected"], second])
    assert importer.run(importer.write("a.json", both)) == {"added": 1, "known already": 1}


# -- Adding -----------------------------------------------------------------------------------


def test_progress_that_is_asked_for_is_told_in_lines_where_there_is_no_terminal(
    importer: Importer,
):
    for number in range(1, 4):
        importer.write(f"{number}.json", advisory(number))
    importer.run(progress=True)
    assert importer.complaints[0] == "0 of 3 files (0 %)"
    assert importer.complaints[-1] == "3 of 3 files (100 %)"


def test_progress_that_nobody_asked_for_is_not_told_where_there_is_no_terminal(
    importer: Importer,
):
    importer.write("1.json", advisory())
    importer.run()
    assert importer.complaints == []


def test_every_apv_is_told_whatever_their_number(importer: Importer):
    for number in range(1, 206):
        importer.write(f"{number}.json", advisory(number))
    assert importer.run()["added"] == 205
    assert Event.objects.filter(channel="apvs", type="new_apv").count() == 205


def test_the_default_severity_can_be_chosen(importer: Importer):
    importer.run(importer.write("a.json", advisory()), default_severity="HIGH")
    apv = APV.objects.get()
    assert (apv.severity, apv.priority) == ("HIGH", 8)
    assert apv.validation_warnings == [
        ILLUSTRATIVE,
        "PYSEC-2024-1 names no severity: HIGH by default.",
    ]


def test_an_unknown_default_severity_is_refused():
    with pytest.raises(CommandError, match="invalid choice: 'HUGE'"):
        call_command("import_osv", "x", "--default-severity=HUGE")


def test_the_help_says_that_the_diffs_are_illustrative():
    assert "the diffs are illustrative" in Command.help


def test_a_dry_run_counts_and_adds_nothing(importer: Importer):
    importer.write("a.json", advisory(1))
    importer.write("b.json", advisory(1))
    assert importer.run(dry_run=True) == {"would be added": 1, "known already": 1}
    assert not APV.objects.exists()
