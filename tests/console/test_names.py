"""Names in narrow places, and what the head of an APV says of what was not run."""

import html
import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from reviews.console.evidence import Evidence, beyond
from reviews.console.names import split
from reviews.models import APV
from reviews.templatetags.shown import identifier_in_two
from tests.overfull import LONG, overfull

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
