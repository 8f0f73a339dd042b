"""Who may see the console, and how somebody without a session is answered."""

import re

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from reviews.models import Decision
from tests.support.in_process import new_apv
from tests.support.pages import codes_on, decide, text_of

pytestmark = pytest.mark.django_db


def test_after_a_wrong_password_the_caret_stands_where_it_is_typed_again(client):
    assert re.search(r'name="username"[^>]* autofocus', client.get("/sign-in").content.decode())
    answer = client.post("/sign-in", {"username": "somebody", "password": "wrong"})
    page = answer.content.decode()
    assert re.search(r'name="username" value="somebody"', page)
    assert re.findall(r'name="(\w+)"[^>]* autofocus', page) == ["password"]


@pytest.mark.parametrize(
    "path", ["/", "/queue", "/queue/rows", "/apvs/APV-2026-001", "/apvs/APV-2026-001/state"]
)
def test_every_page_needs_sign_in(path):
    answer = Client().get(path)
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/sign-in?next={path}"


def test_user_without_permission_is_told_so():
    client = Client()
    client.force_login(User.objects.create_user("stranger"))
    answer = client.get("/")
    assert answer.status_code == 403
    assert "You may not see or do this" in text_of(answer)


def test_icon_is_found_where_browsers_look_for_it():
    answer = Client().get("/favicon.ico")
    assert answer.status_code == 302
    assert re.fullmatch(r"/static/reviews/favicon.*\.svg", answer.headers["Location"])


def test_staff_are_led_to_the_administration():
    client = Client()
    client.force_login(User.objects.create_superuser("admin"))
    assert re.search(
        r'<a href="/admin/">Administration</a>\s*<span class="name"><bdi>admin</bdi></span>',
        text_of(client.get("/")),
    )


def test_signing_out_hides_the_queue(reviewer):
    assert reviewer.post("/sign-out").status_code == 302
    assert reviewer.get("/").status_code == 302


def test_pages_are_kept_in_no_cache(reviewer):
    assert "no-store" in reviewer.get("/").headers["Cache-Control"]


def test_under_open_access_the_page_works_without_sign_in(settings):
    settings.HITL_OPEN_ACCESS = True
    user = User.objects.create_user("reviewer")
    user.groups.add(Group.objects.get(name="reviewers"))
    apv = new_apv()
    assert codes_on(Client().get("/")) == [apv.apv_code]
    assert decide(Client(), apv).status_code == 302
    assert Decision.objects.get().reviewer == user


def test_unknown_apv_is_a_friendly_404(reviewer):
    for path in ("/apvs/APV-1999-001", "/apvs/nonsense", "/apvs/APV-2026-%00"):
        answer = reviewer.get(path)
        assert answer.status_code == 404
        assert "There is nothing here" in text_of(answer)
