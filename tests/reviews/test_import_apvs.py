import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from realtime.models import Event
from reviews.models import APV

Import = tuple[str, str]
"""What an import wrote to standard output and standard error."""


def apv(**fields: Any) -> dict[str, Any]:
    return {
        "severity": "HIGH",
        "package_name": "left-pad",
        "package_ecosystem": "npm",
        "package_version": "1.0.0",
        "fixed_version": "1.0.1",
        "patch_strategy": "version_bump",
        "patch_diff": "--- a\n+++ b\n",
    } | fields


class Importer:
    """Writes files and imports them."""

    def __init__(self, folder: Path, capsys: Any) -> None:
        self.folder = folder
        self._capsys = capsys

    def file(self, content: Any, name: str = "apvs.json") -> str:
        path = self.folder / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    def lines(self, *records: Any, name: str = "apvs.jsonl") -> str:
        texts = [one if isinstance(one, str) else json.dumps(one) for one in records]
        return self.file("\n".join(texts) + "\n", name)

    def run(self, *arguments: str) -> Import:
        call_command("import_apvs", *arguments)
        return self._written()

    def fail(self, *arguments: str) -> Import:
        """Check that the import ends with an exit code other than 0."""
        with pytest.raises(CommandError) as error:
            call_command("import_apvs", *arguments)
        assert error.value.returncode != 0
        out, err = self._written()
        return out + f"{error.value}\n", err

    def reason(self, content: Any) -> str:
        """Return why a file is refused, without its name."""
        path = self.file(content)
        [line] = self.fail(path)[1].splitlines()
        assert line.startswith(path)
        return line.removeprefix(path)

    def _written(self) -> Import:
        out, err = self._capsys.readouterr()
        return out, err


@pytest.fixture
def importer(db: None, tmp_path: Path, capsys: Any) -> Importer:
    return Importer(tmp_path, capsys)


# -- What is read -----------------------------------------------------------------------------


def test_one_object_is_one_apv(importer: Importer):
    assert importer.run(importer.file(apv())) == ("1 added, 0 known already, 0 invalid.\n", "")
    assert APV.objects.get().package_name == "left-pad"


def test_a_list_is_as_many_apvs(importer: Importer):
    importer.run(importer.file([apv(cve_title="a"), apv(cve_title="b")]))
    assert list(APV.objects.order_by("apv_code").values_list("cve_title", flat=True)) == ["a", "b"]


def test_json_lines_are_read_and_empty_ones_passed_over(importer: Importer):
    importer.run(importer.lines(apv(cve_title="a"), "", apv(cve_title="b"), "  "))
    assert APV.objects.count() == 2


def test_a_single_line_of_json_lines_is_read(importer: Importer):
    importer.run(importer.lines(apv()))
    assert APV.objects.count() == 1


def test_standard_input_is_read(importer: Importer, monkeypatch: pytest.MonkeyPatch):
    text = json.dumps(apv()).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    importer.run("-")
    assert APV.objects.count() == 1


def test_several_files_are_one_import(importer: Importer):
    one = importer.file(apv(cve_title="a"), "one.json")
    two = importer.lines(apv(cve_title="b"), name="two.jsonl")
    assert importer.run(one, two)[0].startswith("2 added")


def test_a_byte_order_mark_does_no_harm(importer: Importer):
    importer.run(importer.file(b"\xef\xbb\xbf" + json.dumps(apv()).encode()))
    assert APV.objects.count() == 1


def test_an_empty_list_adds_nothing_and_is_no_error(importer: Importer):
    assert importer.run(importer.file([]))[0] == "0 added, 0 known already, 0 invalid.\n"


def test_a_code_that_is_given_is_kept(importer: Importer):
    importer.run(importer.file(apv(apv_code="APV-2020-007")))
    assert APV.objects.get().apv_code == "APV-2020-007"


def test_each_apv_is_told_once(importer: Importer):
    importer.run(importer.file([apv(cve_title=str(number)) for number in range(150)]))
    assert Event.objects.filter(channel="apvs", type="new_apv").count() == 150


# -- What is refused --------------------------------------------------------------------------


def test_a_bad_line_is_named_with_file_number_and_reason(importer: Importer):
    path = importer.lines(apv(), apv(severity="HUGE"), apv(package_name=""))
    out, err = importer.fail(path)
    assert err.splitlines() == [
        f'{path}:2: severity: "HUGE" is not a valid choice.',
        f"{path}:3: package_name: This field may not be blank.",
    ]
    assert "0 added, 0 known already, 2 invalid." in out


def test_a_member_of_a_list_is_named_by_the_line_it_starts_on(importer: Importer):
    pretty = json.dumps([apv(), apv(cwe_ids=["CWE-79", "x"])], indent=2)
    line = pretty[: pretty.rindex("{")].count("\n") + 1
    assert importer.reason(pretty) == f":{line}: cwe_ids[1]: Enter CWE ids like CWE-79."


def test_an_apv_with_several_faults_counts_once(importer: Importer):
    out, err = importer.fail(importer.lines(apv(severity="HUGE", cvss_score=11), apv()))
    assert len(err.splitlines()) == 2
    assert "1 invalid" in out


def test_nothing_is_added_when_one_is_invalid(importer: Importer):
    out, _ = importer.fail(importer.lines(apv(), apv(severity="HUGE")))
    assert "nothing was added (see --skip-invalid)" in out
    assert not APV.objects.exists()


def test_the_valid_ones_are_added_when_asked_to_skip_the_others(importer: Importer):
    out, _ = importer.fail("--skip-invalid", importer.lines(apv(), apv(severity="HUGE"), "{"))
    assert "1 added, 0 known already, 2 invalid." in out
    assert APV.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"cvss_score": "nan"}, "cvss_score: A valid number is required."),
        ({"patch_confidence": 1.5}, "patch_confidence: Ensure this value is less than"),
        ({"pr_url": "javascript:alert(1)"}, "pr_url: Enter a URL that starts with http"),
        ({"cve_title": "a\0b"}, "cve_title: Null characters are not allowed."),
        ({"wargame_evidence": {"a": "\0"}}, "wargame_evidence: Null characters"),
        ({"cve_description": "\ud800"}, "cve_description: Surrogate characters"),
        ({"pr_number": 2**40}, "pr_number: Ensure this value is less than"),
        ({"cve_id": "CVE-1"}, "cve_id: Enter a CVE id"),
        ({"patch_diff": "x" * (1024**2 + 1)}, "patch_diff: Give at most 1,048,576 bytes."),
        ({"wargame_evidence": ["no", "object"]}, "wargame_evidence: Give a JSON object."),
    ],
)
def test_the_rules_are_those_of_rest(importer: Importer, fields: dict[str, Any], reason: str):
    assert importer.reason(apv(**fields)).startswith(f":1: {reason}")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_what_json_does_not_know_as_a_number_is_refused(importer: Importer, number: str):
    text = json.dumps(apv(cve_title="here")).replace('"here"', number)
    assert importer.reason(text) == f":1: not JSON: {number} is not a JSON number"


@pytest.mark.parametrize("value", ["5", '"text"', "null", "[[]]"])
def test_what_is_no_object_is_refused(importer: Importer, value: str):
    assert importer.reason(value).startswith(":1: ")


def test_a_broken_line_is_named(importer: Importer):
    path = importer.lines(apv(), '{"severity": ', apv(cve_title="b"))
    _, err = importer.fail(path)
    assert err == f"{path}:2: not JSON: Expecting value (column 14)\n"


def test_broken_json_is_named_once(importer: Importer):
    text = json.dumps([apv(), apv()], indent=2)[:-10]
    assert ": not JSON: " in importer.reason(text)


@pytest.mark.parametrize("text", ["[" * 100_000, "[" * 100_000 + "]" * 100_000])
def test_deep_nesting_is_refused(importer: Importer, text: str):
    assert "not JSON: nested too deeply" in importer.reason(text)


def test_a_code_given_to_two_different_apvs_is_refused(importer: Importer):
    one = apv(apv_code="APV-2020-001")
    path = importer.lines(one, one | {"fixed_version": "9.9.9"})
    _, err = importer.fail(path)
    assert err.startswith(f"{path}:2: apv_code: An earlier APV, a different one")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", ": is empty"),
        (b" \n\n ", ": is empty"),
        (b'{"a":\n"\xff"}', ":2: not UTF-8"),
        (b"hello\nworld\n", ":1: not JSON: Expecting value (column 1)"),
        (b'{"a": ' + b"9" * 5000 + b"}", ": not JSON: Exceeds the limit"),
    ],
)
def test_a_file_without_json_is_refused_in_one_line(
    importer: Importer, content: bytes, reason: str
):
    assert importer.reason(content).startswith(reason)


def test_a_missing_file_is_refused_in_one_line(importer: Importer):
    missing = str(importer.folder / "none.json")
    assert importer.fail(missing)[1] == f"{missing}: No such file or directory\n"


def test_a_folder_is_refused_in_one_line(importer: Importer):
    assert importer.fail(str(importer.folder))[1] == f"{importer.folder}: Is a directory\n"


def test_a_bad_file_keeps_a_good_one_out_unless_skipped(importer: Importer):
    good, missing = importer.file(apv()), str(importer.folder / "none.json")
    importer.fail(good, missing)
    assert not APV.objects.exists()
    importer.fail("--skip-invalid", good, missing)
    assert APV.objects.count() == 1


# -- What is known ----------------------------------------------------------------------------


def test_importing_twice_adds_nothing_twice(importer: Importer):
    path = importer.lines(apv(), apv(apv_code="APV-2020-001"), apv(cve_id="CVE-2020-1234"))
    importer.run(path)
    assert importer.run(path)[0] == "0 added, 3 known already, 0 invalid.\n"
    assert APV.objects.count() == 3


def test_an_apv_that_stands_twice_is_added_once(importer: Importer):
    assert importer.run(importer.lines(apv(), apv()))[0].startswith("1 added, 1 known already")


def test_the_same_code_twice_with_the_same_content_is_added_once(importer: Importer):
    one = apv(apv_code="APV-2020-001")
    assert importer.run(importer.lines(one, one))[0].startswith("1 added, 1 known already")


def test_a_known_code_is_left_as_it_is(importer: Importer):
    importer.run(importer.file(apv(apv_code="APV-2020-001")))
    importer.run(importer.file(apv(apv_code="APV-2020-001", severity="LOW")))
    assert APV.objects.get().severity == "HIGH"


def test_a_decided_apv_is_still_known(importer: Importer):
    importer.run(importer.file(apv()))
    APV.objects.update(status="approved", priority=1)
    assert importer.run(importer.file(apv()))[0].startswith("0 added, 1 known already")


@pytest.mark.parametrize(
    "fields",
    [
        {"cve_id": "CVE-2020-1234"},
        {"package_ecosystem": "PyPI"},
        {"package_version": "0.9.0"},
        {"fixed_version": "2.0.0"},
        {"patch_strategy": "code_rewrite"},
        {"patch_diff": "--- a\n+++ c\n"},
        {"pr_number": 7},
    ],
)
def test_an_apv_with_other_content_is_new(importer: Importer, fields: dict[str, Any]):
    importer.run(importer.file(apv()))
    assert importer.run(importer.file(apv(**fields)))[0].startswith("1 added, 0 known already")


def test_diffs_are_compared_as_they_are_stored(importer: Importer):
    path = importer.file(apv(patch_diff=" ä\\x\r\n\t'\n"))
    importer.run(path)
    assert importer.run(path)[0].startswith("0 added, 1 known already")
