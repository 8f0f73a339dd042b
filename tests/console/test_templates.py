"""Templates of justifications: who keeps them, what they may hold, and how forms offer them."""

import html
import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit.choices import AuditAction
from audit.models import Entry
from reviews import services
from reviews.errors import InvalidInput, NotAllowed
from reviews.models import APV, Template
from reviews.placeholders import PLACEHOLDERS, filled_in
from tests.support.in_process import new_apv, signed_in
from tests.support.pages import decide, plain_text_of, text_of

pytestmark = pytest.mark.django_db
TEXT = "Bump of {package} to {fixed_version} fixes {cve}. {reviewer}"


def made(by: User, name: str = "Bump", text: str = TEXT, kind: str = "") -> Template:
    return services.save_template(by=by, name=name, text=text, kind=kind)


def offered(answer: Any) -> list[tuple[str, str]]:
    """Return the text and kind of each choice on a page."""
    found = re.findall(r'data-text="([^"]*)" data-kind="([^"]*)"', answer.content.decode())
    return [(html.unescape(text), kind) for text, kind in found]


def links(answer: Any) -> list[str]:
    found = re.findall(r'<a href="([^"]*)" data-text', answer.content.decode())
    return [html.unescape(link) for link in found]


def the_apv(**fields: Any) -> APV:
    given = {"package_name": "ws", "fixed_version": "8.17.1", "cve_id": "CVE-2024-37890"}
    return new_apv(**{**given, **fields})


# -- Keeping them -----------------------------------------------------------------------------


def test_lead_makes_changes_and_deletes_a_template_and_each_is_on_record(lena: User) -> None:
    client = signed_in(lena)
    assert client.post("/templates", {"name": "Bump", "text": TEXT}).status_code == 302
    template = Template.objects.get()
    assert (template.text, template.kind, template.changed_by_name) == (TEXT, "", "Lena Lead")
    assert TEXT in text_of(client.get("/templates"))
    address = f"/templates/{template.pk}"
    assert TEXT in text_of(client.get(address))
    changed = {"name": "Bump 2", "text": "Routine bump, tests pass.", "kind": "approve"}
    assert client.post(address, changed).status_code == 302
    template.refresh_from_db()
    assert (template.name, template.text, template.kind) == tuple(changed.values())
    assert client.post(address, {"delete": "1"}).status_code == 302
    assert not Template.objects.exists()
    entries = Entry.objects.filter(action=AuditAction.TEMPLATE_CHANGED).order_by("pk")
    what = [json.loads(entry.details)["what"] for entry in entries]
    assert what == ["made", "changed", "deleted"]
    assert {entry.actor for entry in entries} == {lena.get_username()}
    assert client.get(address).status_code == 404


def test_only_those_with_the_permission_keep_templates(rita: User, lena: User) -> None:
    template = made(lena)
    client = signed_in(rita)
    page = text_of(client.get("/templates"))
    assert TEXT in page
    assert "Add a template" not in page
    refused = client.post("/templates", {"name": "Mine", "text": TEXT})
    assert refused.status_code == 403
    assert "You may not manage templates." in text_of(refused)
    for method in (client.get, client.post):
        assert method(f"/templates/{template.pk}").status_code == 403
    with pytest.raises(NotAllowed):
        services.delete_template(by=rita, template_id=template.pk)
    assert Template.objects.get() == template


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"name": ""}, "Write 1 to 60 characters in one line."),
        ({"name": "a" * 61}, "at most 60 characters"),
        ({"name": "Taken"}, "There is a template of this name."),
        ({"text": "short"}, "Write 10 to 2000 characters."),
        ({"text": "a" * 2001}, "at most 2000 characters"),
        ({"text": "To {package} by {author}."}, "{author} is no placeholder. There are {code}"),
        ({"text": "A text with {0} in it."}, "{0} is no placeholder."),
        ({"text": "Null \0 characters here"}, "Null characters are not allowed."),
        ({"kind": "merge"}, "Select a valid choice."),
    ],
    ids=str,
)
def test_template_that_cannot_be_says_why_at_its_field(
    lena: User, fields: dict[str, str], reason: str
) -> None:
    made(lena, "Taken")
    answer = signed_in(lena).post("/templates", {"name": "New", "text": TEXT, **fields})
    assert answer.status_code == 400
    assert reason in text_of(answer)
    assert Template.objects.count() == 1


@pytest.mark.parametrize("fields", [{"kind": "merge"}, {"template_id": 7}, {"name": "a\nb"}])
def test_service_refuses_what_no_form_sends(lena: User, fields: dict[str, Any]) -> None:
    given: dict[str, Any] = {"name": "New", "text": TEXT, **fields}
    with pytest.raises(InvalidInput):
        services.save_template(by=lena, **given)


# -- Filling them in --------------------------------------------------------------------------


def test_each_placeholder_has_a_value_and_none_is_read_twice(rita: User) -> None:
    apv = the_apv(package_version="8.0.0", fixed_version="{cve}")
    text = " ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    assert filled_in(text, apv, rita) == (
        f"{apv.apv_code} ws 8.0.0 {{cve}} CVE-2024-37890 high 7 {rita.get_full_name()}"
    )
    assert filled_in("{package.__class__} {} {{cve}}", apv, rita) == (
        "{package.__class__} {} {CVE-2024-37890}"
    )


def test_form_offers_templates_that_fit_filled_in_and_ones_own_last_texts(
    rita: User, lena: User
) -> None:
    made(lena)
    made(lena, "No need", "Not vulnerable: {package} is not used.", "dismiss")
    made(lena, "Refuse", "Breaks the build of {code}.", "reject")
    for text in ("Looked at the diff.", "Read the notes.", "Looked at the diff."):
        decide(signed_in(rita), new_apv(), justification=text)
    decide(signed_in(lena), new_apv(), justification="Somebody else's words.")
    apv = the_apv()
    answer = signed_in(rita).get(f"/apvs/{apv.apv_code}/templates")
    assert offered(answer) == [
        (f"Bump of ws to 8.17.1 fixes CVE-2024-37890. {rita.get_full_name()}", ""),
        (f"Breaks the build of {apv.apv_code}.", "reject"),
        ("Looked at the diff.", ""),
        ("Read the notes.", ""),
    ]
    raw = offered(signed_in(rita).get("/templates/offered"))
    assert (TEXT, "") in raw  # a batch fills it in for each


def test_template_fills_the_form_without_scripts(rita: User, lena: User) -> None:
    made(lena, kind="approve")
    decide(signed_in(rita), new_apv(), justification="Looked at the diff.")
    client, apv = signed_in(rita), the_apv()
    team, own = links(client.get(f"/apvs/{apv.apv_code}/templates"))
    page = text_of(client.get(team))
    assert "Bump of ws to 8.17.1 fixes CVE-2024-37890." in page
    assert re.search(r'value="approve"[^>]* checked', page)
    page = text_of(client.get(own))
    assert "Looked at the diff.</textarea>" in page
    assert not re.search(r'name="decision"[^>]* checked', page)


def test_nobody_begins_with_the_words_of_somebody_else(rita: User, lena: User) -> None:
    decide(signed_in(lena), new_apv(), justification="Between the two of us: no.")
    [own] = links(signed_in(lena).get(f"/apvs/{the_apv().apv_code}/templates"))
    assert "Between the two of us" not in text_of(signed_in(rita).get(own))


@pytest.mark.parametrize("query", ["template=", "template=7", "like=x", "template=%00", "like=7"])
def test_unknown_template_fills_nothing(reviewer: Client, query: str) -> None:
    apv = the_apv()
    page = reviewer.get(f"/apvs/{apv.apv_code}?{query}")
    assert page.status_code == 200
    assert 'id="id_justification"' in text_of(page)


def test_templates_are_text(rita: User, lena: User) -> None:
    made(lena, "<b>Bold</b>", "<script>alert(1)</script> {package}")
    apv = the_apv(package_name="<img src=x>")
    for path in (f"/apvs/{apv.apv_code}/templates", "/templates"):
        page = signed_in(rita).get(path).content.decode()
        assert "<script>alert" not in page
        assert "<b>Bold" not in page
        assert "<img src=x" not in page


def test_observer_is_offered_nothing(observer: Client) -> None:
    assert observer.get(f"/apvs/{the_apv().apv_code}/templates").status_code == 403


def test_queries_are_as_many_for_one_template_as_for_many(rita: User, lena: User) -> None:
    client, apv = signed_in(rita), the_apv()

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"/apvs/{apv.apv_code}/templates").status_code == 200
        return len(captured)

    made(lena)
    queries()
    before = queries()
    for number in range(9):
        made(lena, f"Bump {number}")
    assert queries() == before


def test_page_says_what_is_filled_in(lena: User) -> None:
    page = plain_text_of(signed_in(lena).get("/templates"))
    for name in PLACEHOLDERS:
        assert f"{{{name}}}" in page
