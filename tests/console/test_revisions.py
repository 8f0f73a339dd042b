"""The page of an APV that a pull request on a forge made."""

import re
from typing import Any

import pytest
from django.test import Client

from reviews.models import APV
from tests.support.forge_rows import BUMP, FURTHER, REBASED, pull_request, repository, tell
from tests.support.pages import codes_on, decide, text_of

pytestmark = pytest.mark.django_db

SCRIPT = "<script>alert(1)</script>"


def page(client: Client, apv: APV | None = None) -> str:
    found = apv or APV.objects.get()
    answer = client.get(f"/apvs/{found.apv_code}")
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", text_of(answer))


def since(client: Client, number: int) -> Any:
    return client.get(f"/apvs/{APV.objects.get().apv_code}/since/{number}")


def test_page_says_where_the_patch_comes_from(reviewer: Client) -> None:
    check = {
        "name": "build",
        "state": "failure",
        "url": "https://ci.example.com/1",
        "summary": "no",
    }
    tell(pull_request(repository(), labels=["security"], checks=[check], draft=True))
    shown = page(reviewer)
    assert 'href="https://git.example.com/shop/web"' in shown
    assert f'href="https://git.example.com/shop/web/commit/{"a" * 40}"' in shown
    assert "dependabot[bot]" in shown
    assert "dependabot/npm_and_yarn/lodash-4.17.21" in shown
    assert 'href="https://ci.example.com/1"' in shown
    assert "<bdi>security</bdi>" in shown
    assert "It changes 1 package" in shown
    assert "It fixes no advisory that is known here." in shown
    assert "Changed since revision" not in shown


def test_commits_of_gitlab_have_an_address_of_their_own(reviewer: Client) -> None:
    of = repository()
    of.forge.kind = "gitlab"
    of.forge.save()
    tell(pull_request(of))
    assert f"/shop/web/-/commit/{'a' * 40}" in page(reviewer)


def test_nothing_of_a_pull_request_is_taken_for_html(reviewer: Client) -> None:
    check = {
        "name": SCRIPT,
        "state": "failure",
        "url": f"https://x.example/{SCRIPT}",
        "summary": SCRIPT,
    }
    evil = pull_request(
        repository(path="a/<script>alert(1)<"),
        title=SCRIPT,
        body=SCRIPT,
        head_ref=SCRIPT,
        base_ref=SCRIPT,
        head_sha=SCRIPT,
        labels=[SCRIPT, "\u202egpj.exe"],
        checks=[check],
        diff=BUMP.replace("4.17.21", SCRIPT),
    )
    tell(evil)
    tell(evil, head_sha="javascript:alert(1)", state="closed", ended_by=SCRIPT)
    raw = reviewer.get(f"/apvs/{APV.objects.get().apv_code}").content.decode()
    assert "<script>alert" not in raw
    assert 'href="javascript' not in raw
    assert "\u202e" not in raw
    assert "<script>alert" not in since(reviewer, 1).content.decode()


def test_overfull_pull_request_is_shown_in_part(reviewer: Client) -> None:
    lines = [f'-    "package-{n}": "1.0.0",\n+    "package-{n}": "1.0.1",\n' for n in range(500)]
    head = BUMP.split("@@")[0]
    diff = f'{head}@@ -1,502 +1,502 @@\n {{\n   "dependencies": {{\n{"".join(lines)}'
    tell(pull_request(repository(), diff=diff, labels=[f"l{n}" for n in range(50)]))
    shown = page(reviewer)
    assert "It changes 500 packages" in shown
    assert "and 450 more," in shown
    assert "+40" in shown


def test_revisions_are_listed_with_the_decisions_on_each(reviewer: Client) -> None:
    pushed = pull_request(repository())
    tell(pushed)
    decide(reviewer, APV.objects.get())
    tell(pushed, head_sha="c" * 40, diff=FURTHER)
    shown = page(reviewer)
    assert "Revision 2" in shown
    assert "Approved by Rita Reviewer on revision 1, revised since." in shown.replace(
        "</bdi>", ""
    ).replace("<bdi>", "")
    assert "it does not stand any more" in shown
    assert "is to be merged · " not in shown


def test_patch_is_compared_with_that_of_an_earlier_revision(reviewer: Client) -> None:
    pushed = pull_request(repository())
    tell(pushed)
    tell(pushed, head_sha="c" * 40, diff=FURTHER)
    answer = since(reviewer, 1)
    shown = text_of(answer)
    assert "Changed since revision 1" in shown
    assert '− +    "lodash": "4.17.21",' in shown
    assert '+ +    "lodash": "4.17.22",' in shown
    assert "Fixed version" in shown
    assert since(reviewer, 7).status_code == 404
    part = reviewer.get(
        f"/apvs/{APV.objects.get().apv_code}/since/1", headers={"HX-Request": "true"}
    )
    assert part.content.decode().startswith("<section") or "<html" not in part.content.decode()


def test_rebase_is_shown_as_the_same_patch(reviewer: Client) -> None:
    pushed = pull_request(repository())
    tell(pushed)
    tell(pushed, head_sha="c" * 40, diff=REBASED)
    assert "same patch" in page(reviewer)
    assert "The patch is the same" in text_of(since(reviewer, 1))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"state": "closed"}, "Withdrawn: the pull request was closed on the forge."),
        ({"state": "merged"}, "Withdrawn: the pull request was merged on the forge."),
    ],
)
def test_withdrawn_apv_says_who_did_it_and_why(
    reviewer: Client, fields: dict[str, Any], words: str
) -> None:
    read = pull_request(repository())
    tell(read)
    tell(read, **fields, ended_by="octocat")
    shown = page(reviewer)
    assert words in shown
    assert "octocat" in shown
    assert "1" in text_of(reviewer.get("/?status=withdrawn"))


def test_superseded_apv_names_its_successor(reviewer: Client) -> None:
    of = repository()
    old = pull_request(of)
    tell(old)
    tell(pull_request(of, 9))
    tell(old, state="closed")
    apv = APV.objects.get(pull_request=old)
    assert "Withdrawn: superseded by pull request #9." in page(reviewer, apv)


def test_reopened_apv_says_what_was_decided_before(reviewer: Client) -> None:
    read = pull_request(repository())
    tell(read)
    decide(reviewer, APV.objects.get(), decision="reject")
    tell(read, state="closed")
    tell(read, state="open")
    shown = page(reviewer).replace("<bdi>", "").replace("</bdi>", "")
    assert "Rejected by Rita Reviewer on revision 1, reopened since." in shown
    assert 'id="decision-form"' in shown


@pytest.mark.parametrize("listing", ["", "status=withdrawn&", "status=decided&"])
def test_lists_are_narrowed_to_a_repository_or_an_author(reviewer: Client, listing: str) -> None:
    one, other = repository(path="shop/one"), repository(path="shop/two")
    for of, author in ((one, "dependabot[bot]"), (other, "renovate[bot]")):
        read = pull_request(of, author=author)
        tell(read)
        if "decided" in listing:
            decide(reviewer, APV.objects.get(pull_request=read), decision="reject")
        if "withdrawn" in listing:
            tell(read, state="closed")
    mine = APV.objects.get(pull_request__repository=one).apv_code
    for query in (f"repository={one.forge.name}/shop/one", "author=dependabot[bot]"):
        assert codes_on(reviewer.get(f"/?{listing}{query}")) == [mine]
    assert codes_on(reviewer.get(f"/?{listing}repository=nothing")) == []
