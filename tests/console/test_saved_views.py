"""Saved views: of one person or of all, as tabs, with counts, and who may change them."""

import importlib
import json
import re
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit.models import Entry
from reviews import services
from reviews.console.saved_views import count_views
from reviews.errors import InvalidInput, NotAllowed
from reviews.models import APV, SavedView
from tests.support.pages import text_of
from tests.support.site import apv

pytestmark = pytest.mark.django_db
MIGRATION = importlib.import_module("reviews.migrations.0022_saved_views")
MINE: dict[str, Any] = {"filter": "assigned=me", "sort": "age"}
GRAVE: dict[str, Any] = {"filter": "severity=CRITICAL", "sort": "priority"}


def user(name: str, group: str) -> User:
    made = User.objects.create_user(name)
    made.groups.add(Group.objects.get(name=group))
    return made


@pytest.fixture
def rita() -> User:
    return user("rita", "reviewers")


@pytest.fixture
def lena() -> User:
    return user("lena", "leads")


def client_of(who: User) -> Client:
    client = Client()
    client.force_login(who)
    return client


def tabs(client: Client, address: str = "/") -> list[tuple[str, str, bool]]:
    """Return the name, the address and whether it is current of each tab."""
    nav = text_of(client.get(address)).partition('<nav id="views"')[2].partition("</nav>")[0]
    found = re.findall(r'<a id="view-\d+" href="([^"]*)"(.*?)><bdi>(.*?)</bdi>', nav)
    return [(name, href, "aria-current" in more) for href, more, name in found]


def audited() -> list[Any]:
    rows = Entry.objects.filter(action="view_changed").order_by("pk")
    return [(one.object, json.loads(one.details)["what"]) for one in rows]


# -- Who sees and changes them ---------------------------------------------------------------


def test_own_view_is_a_tab_of_one_person_and_a_shared_one_of_all(rita: User, lena: User) -> None:
    services.save_view(by=rita, name="Mine", **MINE)
    services.save_view(by=lena, name="Grave", shared=True, **GRAVE)
    mine, grave = "/?assigned=me&sort=age", "/?severity=CRITICAL"
    assert tabs(client_of(rita)) == [("Grave", grave, False), ("Mine", mine, False)]
    assert tabs(client_of(lena)) == [("Grave", grave, False)]
    assert tabs(client_of(lena), "/?severity=CRITICAL") == [("Grave", grave, True)]
    assert tabs(client_of(lena), "/?severity=CRITICAL&sort=age") == [("Grave", grave, False)]
    assert tabs(client_of(lena), "/?severity=CRITICAL&status=decided") == [("Grave", grave, False)]


def test_view_is_saved_by_a_form_that_keeps_what_was_typed_if_it_is_refused(rita: User) -> None:
    client = client_of(rita)
    page = text_of(client.get("/?severity=CRITICAL&sort=age"))
    assert 'href="/views?severity=CRITICAL&sort=age">Save view</a>' in page
    form = text_of(client.get("/views?severity=CRITICAL&sort=age"))
    assert "Severity: Critical; By age" in form
    assert 'name="shared"' not in form
    sent = {"filter": "severity=CRITICAL", "sort": "age", "name": "  Grave   ones "}
    answer = client.post("/views", sent)
    assert answer["Location"] == "/?severity=CRITICAL&sort=age"
    assert tabs(client) == [("Grave ones", "/?severity=CRITICAL&sort=age", False)]
    answer = client.post("/views", {**sent, "name": "Grave ones"})
    assert answer.status_code == 400
    assert "Another view has this name." in text_of(answer)
    assert 'value="Grave ones"' in text_of(answer)
    assert 'name="filter" value="severity=CRITICAL"' in text_of(answer)


def test_search_is_saved_with_the_fields_that_it_covered(rita: User) -> None:
    APV.objects.create(**apv(cve_description="A proxy leaks."))
    page = text_of(client_of(rita).get("/views?search=leaks"))
    assert 'name="filter" value="search=leaks&within=text"' in page


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"filter": "colour=red"}, "filter"),
        ({"filter": "severity=HUGE"}, "filter"),
        ({"sort": "beauty"}, "sort"),
    ],
)
def test_view_that_nobody_could_read_is_refused(
    rita: User, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.save_view(by=rita, **{"name": "n", **GRAVE, **given})
    assert [*refused.value.errors] == [field]
    answer = client_of(rita).post("/views", {"name": "n", **GRAVE, **given})
    assert answer.status_code == 400
    assert not SavedView.objects.exists()


def test_there_are_only_so_many_views(rita: User) -> None:
    for number in range(20):
        services.save_view(by=rita, name=str(number), **GRAVE)
    with pytest.raises(InvalidInput, match="There are 20 already"):
        services.save_view(by=rita, name="one more", **GRAVE)


def test_shared_views_need_the_permission_that_leads_have(rita: User, lena: User) -> None:
    shared = services.save_view(by=lena, name="Grave", shared=True, **GRAVE)
    for act in (
        lambda: services.save_view(by=rita, name="n", shared=True, **GRAVE),
        lambda: services.rename_view(view=shared, by=rita, name="n"),
        lambda: services.replace_view(view=shared, by=rita, **MINE),
        lambda: services.move_view(view=shared, by=rita, up=True),
        lambda: services.delete_view(view=shared, by=rita),
    ):
        with pytest.raises(NotAllowed):
            act()
    client = client_of(rita)
    assert client.post("/views", {"name": "n", "shared": "on", **GRAVE}).status_code == 403
    answer = client.post(f"/views/{shared.pk}", {"what": "delete"}, follow=True)
    assert "You may not change this view." in text_of(answer)
    assert [one.name for one in SavedView.objects.all()] == ["Grave"]
    assert "Delete it for everybody" not in text_of(client.get("/views"))


def test_views_of_another_person_are_not_there(rita: User, lena: User) -> None:
    own = services.save_view(by=rita, name="Mine", **MINE)
    assert client_of(lena).post(f"/views/{own.pk}", {"what": "delete"}).status_code == 404
    assert "Mine" not in text_of(client_of(lena).get("/views"))


def test_shared_view_is_renamed_replaced_moved_and_deleted_and_audited(lena: User) -> None:
    client = client_of(lena)
    for name in ("one", "two"):
        assert client.post("/views", {"name": name, "shared": "on", **GRAVE}).status_code == 302
    one, two = SavedView.objects.order_by("pk")
    client.post(f"/views/{two.pk}", {"what": "up"})
    assert [name for name, *_ in tabs(client)] == ["two", "one"]
    client.post(f"/views/{two.pk}", {"what": "up"})
    client.post(f"/views/{two.pk}", {"what": "down"})
    assert [name for name, *_ in tabs(client)] == ["one", "two"]
    client.post(f"/views/{one.pk}", {"what": "rename", "name": "first"})
    client.post(f"/views/{one.pk}", {"what": "replace", **MINE})
    assert tabs(client)[0] == ("first", "/?assigned=me&sort=age", False)
    answer = client.post(f"/views/{one.pk}", {"what": "rename", "name": "two"}, follow=True)
    assert "Another view has this name." in text_of(answer)
    assert client.post(f"/views/{one.pk}", {"what": "paint"}).status_code == 400
    client.post(f"/views/{one.pk}", {"what": "delete"})
    assert [name for name, *_ in tabs(client)] == ["two"]
    acts = ["saved", "saved", "moved", "moved", "renamed", "replaced", "deleted"]
    assert [what for _name, what in audited()] == acts


def test_own_views_are_nobodys_business(rita: User) -> None:
    view = services.save_view(by=rita, name="Mine", **MINE)
    services.rename_view(view=view, by=rita, name="Still mine")
    services.delete_view(view=view, by=rita)
    assert audited() == []


# -- Counts ----------------------------------------------------------------------------------


def test_counts_of_all_views_are_those_of_their_lists_in_one_query(rita: User, lena: User) -> None:
    for number in range(6):
        one = APV.objects.create(**apv(severity=["CRITICAL", "LOW"][number % 2]))
        if number < 2:
            services.assign(apv_id=one.pk, by=lena, user="rita")
    texts = ["", "severity=CRITICAL", "assigned=me", "severity=LOW&assigned=me", "path=*.txt"]
    for number, text in enumerate([*texts, *(f"package_name=p{n}" for n in range(5))]):
        services.save_view(by=rita, name=str(number), filter=text, sort="priority")
    rita = User.objects.get(pk=rita.pk)
    views = list(SavedView.objects.seen_by(rita))
    with CaptureQueriesContext(connection) as queries:
        counts = count_views(views, rita)
    assert [*counts.values()] == [6, 3, 2, 1, 6, 0, 0, 0, 0, 0]
    counting = [one["sql"] for one in queries if "COUNT" in one["sql"]]
    assert len(counting) == 1
    assert len(queries) <= 2  # the other one reads the groups of whoever asks
    answer = client_of(rita).get("/views/counts").json()
    assert answer == {str(pk): number for pk, number in counts.items()}
    assert client_of(lena).get("/views/counts").json() == {}


def test_shared_view_of_ones_own_work_counts_for_each_their_own(rita: User, lena: User) -> None:
    one = APV.objects.create(**apv())
    services.assign(apv_id=one.pk, by=lena, user="rita")
    view = services.save_view(by=lena, name="Mine", shared=True, **MINE)
    assert client_of(rita).get("/views/counts").json() == {str(view.pk): 1}
    assert client_of(lena).get("/views/counts").json() == {str(view.pk): 0}


def test_page_reads_its_views_in_one_query_however_many_there_are(rita: User) -> None:
    client = client_of(rita)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get("/")
        return len(captured)

    services.save_view(by=rita, name="first", **GRAVE)
    client.get("/")
    few = queries()
    for number in range(9):
        services.save_view(by=rita, name=str(number), **GRAVE)
    assert queries() == few


def test_filter_that_no_release_reads_any_more_is_ignored(rita: User) -> None:
    view = services.save_view(by=rita, name="old", **GRAVE)
    SavedView.objects.filter(pk=view.pk).update(filter="colour=red&severity=LOW")
    APV.objects.create(**apv(severity="LOW"))
    client = client_of(rita)
    assert client.get("/views/counts").json() == {str(view.pk): 1}
    assert client.get("/views").status_code == client.get("/").status_code == 200


def test_leads_of_an_earlier_release_may_share_views_after_the_migration() -> None:
    leads = Group.objects.get(name="leads")
    held = leads.permissions.filter(codename="manage_views")
    leads.permissions.remove(*held)
    MIGRATION.allow_leads_to_share(apps, None)
    assert held.count() == 1
