"""Staff who manage some of the users: nobody grants rights that they do not have."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from knox.models import AuthToken

from accounts import delegation
from realtime.admin_base import BoundedSearch

pytestmark = pytest.mark.django_db

PASSWORD = "correct-horse-battery"


def staff(*codenames: str, name: str = "delegate") -> User:
    user = User.objects.create_user(name, password=PASSWORD, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user


def member(name: str, *groups: str, **fields: Any) -> User:
    user = User.objects.create_user(name, password=PASSWORD, **fields)
    user.groups.set(Group.objects.filter(name__in=groups))
    return user


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, "accounts.backends.OneQueryBackend")
    return client


def form_of(user: User, **fields: Any) -> dict[str, Any]:
    return {"username": user.username, "is_active": "on", **fields}


MANAGER = ("view_user", "change_user", "add_user", "delete_user", "view_group", "change_group")


def test_staff_do_not_make_themselves_superusers() -> None:
    manager = staff(*MANAGER)
    form = form_of(manager, is_staff="on", is_superuser="on")
    form["user_permissions"] = [*manager.user_permissions.values_list("pk", flat=True)]
    browser(manager).post(f"/admin/auth/user/{manager.pk}/change/", form)
    manager.refresh_from_db()
    assert (manager.is_staff, manager.is_superuser) == (True, False)


@pytest.mark.parametrize("field", ["user_permissions", "groups"])
def test_staff_give_no_permission_that_they_have_not(field: str) -> None:
    manager, other = staff(*MANAGER), member("other")
    given = {
        "user_permissions": Permission.objects.get(codename="decide_apv").pk,
        "groups": Group.objects.get(name="leads").pk,
    }
    path = f"/admin/auth/user/{other.pk}/change/"
    answer = browser(manager).post(path, form_of(other, **{field: [given[field]]}))
    assert answer.status_code == 200
    assert "is not one of the available choices" in answer.text
    assert not User.objects.get(pk=other.pk).get_all_permissions()


def test_staff_give_what_they_have() -> None:
    manager, other = staff(*MANAGER, "view_apv"), member("other")
    given = [Permission.objects.get(codename="view_apv").pk]
    path = f"/admin/auth/user/{other.pk}/change/"
    answer = browser(manager).post(path, form_of(other, user_permissions=given))
    assert answer.status_code == 302
    assert User.objects.get(pk=other.pk).has_perm("reviews.view_apv")


@pytest.mark.parametrize(
    "fields",
    [
        {"is_superuser": True},
        {"is_superuser": True, "is_active": False},
        {"groups": ("leads",)},
        {"groups": ("leads",), "is_active": False},
    ],
)
def test_staff_change_nobody_who_may_do_more_enabled_or_not(fields: dict[str, Any]) -> None:
    manager = staff(*MANAGER)
    other = member("other", *fields.pop("groups", ()), **fields)
    client, before = browser(manager), other.password
    path = f"/admin/auth/user/{other.pk}"
    passwords = {"password1": "another-horse", "password2": "another-horse"}
    assert client.post(f"{path}/change/", form_of(other, email="x@x.example")).status_code == 403
    assert client.post(f"{path}/password/", passwords).status_code == 403
    assert client.post(f"{path}/delete/", {"post": "yes"}).status_code == 403
    form = {"action": "delete_selected", "_selected_action": [other.pk], "post": "yes"}
    client.post("/admin/auth/user/", form)
    other.refresh_from_db()
    assert (other.email, other.password) == ("", before)
    assert client.get(f"{path}/change/").status_code == 200  # shown


def test_staff_do_not_widen_a_group_that_they_are_in() -> None:
    manager, group = staff(*MANAGER), Group.objects.create(name="helpers")
    manager.groups.add(group)
    given = [Permission.objects.get(codename="decide_apv").pk]
    path = f"/admin/auth/group/{group.pk}/change/"
    answer = browser(manager).post(path, {"name": "helpers", "permissions": given})
    assert answer.status_code == 200
    assert not group.permissions.exists()


def test_staff_do_not_change_groups_that_may_do_more() -> None:
    group = Group.objects.get(name="leads")
    path = f"/admin/auth/group/{group.pk}/change/"
    answer = browser(staff(*MANAGER)).post(path, {"name": "emptied", "permissions": []})
    assert answer.status_code == 403
    assert Group.objects.filter(name="leads").exists()


@pytest.mark.parametrize("groups", [(), ("leads",)])
def test_staff_make_no_token_of_somebody_who_may_do_more(groups: tuple[str, ...]) -> None:
    maker = staff("view_authtoken", "add_authtoken")
    other = member("more-powerful", *groups, is_superuser=not groups)
    client, path = browser(maker), "/admin/knox/authtoken/add/"
    assert other.username not in client.get(path).text
    assert client.post(path, {"user": other.pk, "days": 1}).status_code == 200
    assert not AuthToken.objects.exists()


def test_staff_make_tokens_of_themselves_and_of_users_who_may_do_less() -> None:
    maker, other = staff("view_authtoken", "add_authtoken"), member("other")
    for user in (maker, other):
        browser(maker).post("/admin/knox/authtoken/add/", {"user": user.pk, "days": 1})
        assert AuthToken.objects.filter(user=user).count() == 1


def test_superusers_manage_everybody() -> None:
    root = User.objects.create_superuser("root")
    assert delegation.may_manage(root, root)
    assert delegation.may_manage(root, member("other", "leads"))
    assert delegation.grantable_groups(root).count() == Group.objects.count()


# -- Searching --------------------------------------------------------------------------------


def test_every_search_of_the_admin_is_bounded() -> None:
    for model, model_admin in admin.site._registry.items():
        assert isinstance(model_admin, BoundedSearch) or not model_admin.search_fields, model


@pytest.mark.parametrize("text", ["x " * 11, "x" * 201, "word " * 2000])
def test_search_for_too_much_finds_nothing_and_says_why(text: str) -> None:
    client = browser(User.objects.create_superuser("root"))
    page = client.get("/admin/auth/user/", {"q": text.strip()}).text
    assert "Search for 200 characters in 10 words at most." in page
    assert "0 users" in page
    assert "1 user" in client.get("/admin/auth/user/", {"q": "root"}).text


@pytest.mark.parametrize(
    ("model", "query"),
    [
        ("reviews/apv", "cve_id__regex=("),
        ("reviews/apv", "patch_diff__iregex=(.*)(.*)(.*)x"),
        ("reviews/apv", "cve_id__range=x"),
        ("reviews/apv", "cve_id__unaccent=x"),
        ("reviews/apv", "status__regex=("),
        ("reviews/apv", "submitted_by__password__startswith=p"),
        ("reviews/decision", "justification__contains=x"),
        ("auth/user", "password__startswith=p"),
        ("auth/user", "email__gte=a"),
        ("auth/user", "groups__user__password__gte=a"),
        ("knox/authtoken", "digest__gte=a"),
        ("knox/authtoken", "user__password__startswith=p"),
        ("accounts/signin", "user__password__startswith=p"),
        ("realtime/event", "message__regex=("),
    ],
)
def test_address_narrows_a_list_only_as_its_filters_do(model: str, query: str) -> None:
    client = browser(User.objects.create_superuser("root"))
    assert client.get(f"/admin/{model}/?{query}").status_code == 400


@pytest.mark.parametrize(
    ("model", "query"),
    [
        ("reviews/apv", "status__exact=pending"),
        ("reviews/apv", "created_at__year=2026&created_at__month=1&created_at__day=2"),
        ("reviews/advisory", "withdrawn__isempty=1"),
        ("reviews/decision", "decided_at__gte=2026-01-01T00:00Z&decided_at__lt=2026-01-02T00:00Z"),
        ("auth/user", "groups__id__exact=1"),
        ("auth/user", "is_active__exact=1"),
        ("auth/user", "groups__isnull=True"),
        ("realtime/event", "channel=hitl"),
        ("knox/authtoken", "expiry__isnull=True"),
    ],
)
def test_filters_beside_a_list_narrow_it(model: str, query: str) -> None:
    client = browser(User.objects.create_superuser("root"))
    assert client.get(f"/admin/{model}/?{query}").status_code == 200
