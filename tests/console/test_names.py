"""Names in narrow places, and what the head of an APV says was not run."""

import html
import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from reviews.console.cvss import grouped
from reviews.console.evidence import Evidence, beyond
from reviews.console.names import split
from reviews.console.wargame import findings_in
from reviews.models import APV
from reviews.templatetags.shown import identifier_in_two
from tests.support.overfull import LONG, overfull

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("lena"))
    return client


# -- Names ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("requests", "requests"),
        ("com.fasterxml.jackson.core:jackson-databind", "jackson-databind"),
        ("org.springframework.security:spring-security-oauth2-client", "oauth2-client"),
        ("github.com/opencontainers/image-spec/specs-go/v1", "spec/specs-go/v1"),
        ("golang.org/x/crypto/ssh/agent", "x/crypto/ssh/agent"),
        ("x" * 40, "x" * 14),
        ("v0.0.0-20211108221036-ceb1ce70b4fa", "ceb1ce70b4fa"),
        ("a" * 25 + "e\u0301" + "o" * 13, "e\u0301" + "o" * 13),
    ],
)
def test_end_of_a_long_name_is_never_cut(name: str, end: str) -> None:
    head, tail = split(name)
    assert head + tail == name
    assert tail == end


def test_names_that_differ_at_their_end_differ_in_what_is_never_cut() -> None:
    ends = [split(name)[1] for name, *_ in LONG]
    assert len(set(ends)) == len(ends)


def test_parts_of_a_name_are_text() -> None:
    assert identifier_in_two("<b>") == "&lt;b&gt;"
    assert "<script>" not in identifier_in_two("<script>alert(1)</script>" * 3)


def test_row_holds_the_whole_name_the_code_and_both_versions(reader: Client) -> None:
    [one] = APV.objects.bulk_create(APV(**fields) for fields in overfull(1, jacksons=1))
    page = html.unescape(reader.get("/").content.decode())
    row = page.partition("<tbody")[2].partition("</tr>")[0]
    assert (
        re.sub("<[^>]+>", "", row.partition('class="package cut"')[2])
        .lstrip(">")
        .startswith(one.package_name)
    )
    assert f'title="{one.package_name} 2.9.10.7 → 2.9.10.8"' in row
    assert '<bdi class="target cut">2.9.10.8</bdi>' in row


# -- What is known ----------------------------------------------------------------------------


def test_head_says_in_a_line_that_nothing_was_run(reader: Client) -> None:
    one = APV.objects.create(
        severity="HIGH", package_name="requests", patch_strategy="version_bump"
    )
    page = reader.get(f"/apvs/{one.apv_code}").content.decode()
    head = page.partition('<header class="head">')[2].partition("</header>")[0]
    assert "<dt>Not run</dt><dd>Wargame, Validation, Confirmation</dd>" in head
    assert "unknown" not in head.lower()
    assert "<svg" not in head


def test_head_gives_each_score_that_is_known_and_no_other() -> None:
    one = APV(wargame_verdict="success", wargame_confidence=0.91, validation_passed=True)
    known = {str(each.signal.label): each.score for each in Evidence(one).known}
    assert known["Wargame"] is not None
    assert known["Wargame"].percent == 91
    assert known["Validation"] is None
    assert "Confirmation" not in known
    assert Evidence(one).not_run == "Confirmation"


@pytest.mark.parametrize(
    ("title", "description", "more"),
    [
        ("It fails", "It fails", ""),
        ("It fails", "it  fails.", ""),
        ("It fails", "It fails. Then it burns.", "Then it burns."),
        ("It fails", "### It\nfails\n\nThen it burns.", "Then it burns."),
        ("It fail", "It fails.", "It fails."),
        ("It fails when…", "It fails when it burns.", "… it burns."),
        ("It fails", "Something else.", "Something else."),
        ("", "Something.", "Something."),
        ("It (fails [", "It (fails [: really", "really"),
    ],
)
def test_summary_and_description_are_told_once(title: str, description: str, more: str) -> None:
    assert beyond(title, description) == more


def test_description_that_only_repeats_the_title_is_no_missing_one(reader: Client) -> None:
    one = APV.objects.create(
        severity="HIGH",
        package_name="requests",
        patch_strategy="version_bump",
        cve_title="It fails",
        cve_description="It fails.",
    )
    page = reader.get(f"/apvs/{one.apv_code}").content.decode()
    panel = page.partition('id="panel-cve"')[2].partition('id="panel-patch"')[0]
    assert "It fails" not in panel
    assert "Description" not in panel


# -- Numbers of the evidence ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("evidence", "tones", "left"),
    [
        ({"exploits_before_patch": 12, "exploits_after_patch": 3}, ("weak", "fair"), "not all"),
        ({"exploits_before": 12, "exploits_after": 0}, ("weak", "good"), "none left"),
        ({"crashes_before": 2, "crashes_after": 5}, ("weak", "weak"), "not all"),
        ({"failed_logins_before": 0, "failed_logins_after": 0}, ("good", "good"), "none left"),
        ({"latency_before": 20, "latency_after": 26}, ("", ""), ""),
    ],
)
def test_colour_before_and_after_says_what_it_means(
    evidence: dict[str, int], tones: tuple[str, str], left: str
) -> None:
    [change] = findings_in(evidence).changes
    assert change.tones == tones
    assert change.left.startswith(left)


@pytest.mark.parametrize(
    ("vector", "sizes"),
    [
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", [4, 4]),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", [5, 6]),
        ("CVSS:3.1/AV:N", [1]),
        ("nonsense", []),
    ],
)
def test_metrics_stand_in_rows_of_their_own_without_an_empty_place(
    vector: str, sizes: list[int]
) -> None:
    assert [len(group) for group in grouped(vector)] == sizes


def test_every_page_has_one_heading_of_the_first_rank(reader: Client) -> None:
    one = APV.objects.create(
        severity="HIGH", package_name="requests", patch_strategy="version_bump", patch_diff="+x\n"
    )
    own = (f"/apvs/{one.apv_code}", f"/apvs/{one.apv_code}/diff")
    for path in ("/", "/numbers", "/?status=decided", "/sign-in", "/nothing", "/hitl/docs", *own):
        page = reader.get(path).content.decode()
        assert len(re.findall(r"<h1\b", page)) == 1, path
