"""Comments on APVs, through the services, REST and the pages."""

import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import Entry
from realtime.models import Event
from realtime.transactions import publishing
from reviews import services
from reviews.choices import RevisionReason
from reviews.comments import comments_on, with_lines
from reviews.errors import InvalidInput, NotAllowed, UnknownComment
from reviews.locking import locked_apv
from reviews.models import APV, Comment, Notice
from reviews.services import commenting
from reviews.services.revising import revise
from tests.support.effect_rows import member
from tests.support.in_process import new_apv, signed_in
from tests.support.patches import many_lines

pytestmark = pytest.mark.django_db

PATCH = """--- a/src/app.py
+++ b/src/app.py
@@ -1,3 +1,3 @@
 import os
-key = 1
+key = 2
 end = True
"""
MOVED = """--- a/src/app.py
+++ b/src/app.py
@@ -1,3 +1,4 @@
 import os
-key = 1
+import sys
+key = 2
 end = True
"""
GONE = PATCH.replace("key = 2", "key = 3")
RENAMED = PATCH.replace("+++ b/src/app.py", "+++ b/src/core.py")
RENAMED_AGAIN = PATCH.replace("+++ b/src/app.py", "+++ b/lib/main.py")


@pytest.fixture
def rita() -> User:
    return member("reviewers", "Rita Reviewer")


@pytest.fixture
def rui() -> User:
    return member("reviewers", "Rui Reis")


@pytest.fixture
def lena() -> User:
    return member("leads", "Lena Lead")


@pytest.fixture
def apv() -> APV:
    made: APV = new_apv(patch_diff=PATCH)
    return made


def told() -> list[Any]:
    events = Event.objects.filter(channel="changes", type="comment_changed").order_by("offset")
    return [json.loads(one.message) for one in events]


def page_of(user: User, apv: APV) -> str:
    return signed_in(user).get(f"/apvs/{apv.apv_code}").content.decode()


def test_comment_on_a_line_tells_everybody_and_is_on_record(apv: APV, rita: User) -> None:
    made = services.comment(apv_id=apv.pk, by=rita, text=" Why 2? ", place="src/app.py:2")
    assert (made.text, made.place, made.line_text) == ("Why 2?", "src/app.py:2", "key = 2")
    [message] = told()
    assert (message["what"], message["comment_id"]) == ("added", str(made.pk))
    assert Entry.objects.get(action="commented").actor == rita.username


def test_removed_line_is_commented_on_with_a_minus(apv: APV, rita: User) -> None:
    made = services.comment(apv_id=apv.pk, by=rita, text="Good", place="src/app.py:-2")
    assert (made.side, made.line_text) == ("old", "key = 1")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"text": "  "}, "text"),
        ({"text": "x" * 5_001}, "text"),
        ({"text": "a\0b"}, "text"),
        ({"text": "x", "place": "src/app.py"}, "place"),
        ({"text": "x", "place": "src/app.py:99"}, "place"),
        ({"text": "x", "place": "other.py:2"}, "place"),
        ({"text": "x", "place": "src/app.py:²"}, "place"),
    ],
)
def test_bad_comment_is_refused_by_field(
    apv: APV, rita: User, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.comment(apv_id=apv.pk, by=rita, **given)
    assert list(refused.value.errors) == [field]
    assert not Comment.objects.exists()


@pytest.mark.parametrize("group", ["observers", "pipelines"])
def test_others_may_not_comment(apv: APV, group: str) -> None:
    with pytest.raises(NotAllowed):
        services.comment(apv_id=apv.pk, by=member(group), text="Hello")


def test_count_of_comments_is_bounded(
    apv: APV, rita: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commenting, "MOST_COMMENTS", 2)
    for _time in range(2):
        services.comment(apv_id=apv.pk, by=rita, text="Hello")
    with pytest.raises(InvalidInput, match="at most 2"):
        services.comment(apv_id=apv.pk, by=rita, text="Hello")


def test_only_active_people_who_see_apvs_are_mentioned(apv: APV, rita: User, rui: User) -> None:
    gone, stranger = member("reviewers", "Gone Away"), member("reviewers", "Ana Alien")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    stranger.groups.clear()
    names = [rui, gone, stranger, rita]
    text = " ".join(f"@{one.username}." for one in names) + f" mail@{rui.username}"
    services.comment(apv_id=apv.pk, by=rita, text=text)
    [notice] = Notice.objects.all()
    assert (notice.user, notice.kind, notice.by_name) == (rui, "mentioned", "Rita Reviewer")
    assert told()[0]["mentioned"] == [rui.username]


def test_edit_keeps_the_old_text_for_leads_and_mentions_only_new_ones(
    apv: APV, rita: User, rui: User, lena: User
) -> None:
    at: dict[str, Any] = {"apv_id": apv.pk, "by": rita}
    made = services.comment(**at, text=f"Firstly @{rui.username}")
    services.edit_comment(
        **at, comment_id=made.pk, text=f"Secondly @{rui.username} @{lena.username}"
    )
    assert list(Notice.objects.values_list("user", flat=True)) == [rui.pk, lena.pk]
    page = page_of(rui, apv)
    assert "edited" in page
    assert "Secondly" in page
    assert "Firstly" not in page
    assert "Firstly" in page_of(lena, apv)
    assert Entry.objects.filter(action="comment_edited").count() == 1


def test_nobody_edits_what_others_wrote(apv: APV, rita: User, rui: User, lena: User) -> None:
    made = services.comment(apv_id=apv.pk, by=rita, text="Mine")
    at: dict[str, Any] = {"apv_id": apv.pk, "comment_id": made.pk}
    for other in (rui, lena):
        with pytest.raises(NotAllowed):
            services.edit_comment(**at, by=other, text="Yours")
    with pytest.raises(NotAllowed):
        services.delete_comment(**at, by=rui)
    services.delete_comment(**at, by=lena)
    with pytest.raises(NotAllowed):
        services.edit_comment(**at, by=rita, text="Back")
    with pytest.raises(UnknownComment):
        services.delete_comment(apv_id=new_apv().pk, comment_id=made.pk, by=rita)


def test_deleted_comment_shows_that_there_was_one(
    apv: APV, rita: User, rui: User, lena: User
) -> None:
    made = services.comment(apv_id=apv.pk, by=rita, text="Regretted")
    services.delete_comment(apv_id=apv.pk, comment_id=made.pk, by=rita)
    page = page_of(rui, apv)
    assert "This comment was deleted" in page
    assert "Regretted" not in page
    assert "Regretted" in page_of(lena, apv)
    assert [one["what"] for one in told()] == ["added", "deleted"]
    answer = signed_in(rui).get(f"/hitl/apvs/{apv.pk}/comments").json()
    assert answer[0]["text"] == ""
    assert answer[0]["deleted_at"]


@pytest.mark.parametrize(("patch", "line"), [(MOVED, 3), (GONE, None)])
def test_comment_follows_its_line_to_the_next_revision(
    apv: APV, rita: User, patch: str, line: int | None
) -> None:
    services.comment(apv_id=apv.pk, by=rita, text="Why?", place="src/app.py:2")
    APV.objects.filter(pk=apv.pk).update(patch_diff=patch, revision=2)
    apv.refresh_from_db()
    [one] = with_lines(apv, comments_on(apv))
    assert one.current_line == line
    page = page_of(rita, apv)
    assert ("on revision 1, line gone" in page) == (line is None)
    assert ("on revision 1, line unchanged" in page) == (line is not None)


@pytest.mark.parametrize(
    ("before", "after", "place", "now"),
    [
        (PATCH, RENAMED, "src/app.py:2", "src/core.py:2"),
        (RENAMED, PATCH, "src/core.py:2", "src/app.py:2"),
        (RENAMED, RENAMED_AGAIN, "src/core.py:2", "lib/main.py:2"),
        (RENAMED, RENAMED_AGAIN, "src/app.py:-2", "src/app.py:-2"),
    ],
)
def test_comment_follows_its_file_when_a_revision_renames_it(
    rita: User, before: str, after: str, place: str, now: str
) -> None:
    apv = new_apv(patch_diff=before)
    services.comment(apv_id=apv.pk, by=rita, text="Why?", place=place)
    with publishing():
        apv = locked_apv(apv.pk)
        revise(apv, {"patch_diff": after}, RevisionReason.PUSHED)
    [one] = with_lines(apv, comments_on(apv))
    assert str(one.current_place) == now
    page = page_of(rita, apv)
    assert "line gone" not in page
    assert f'<tr class="talk" data-place="{now}">' in page


def test_comment_on_the_lines_of_a_past_revision_is_refused(apv: APV, rita: User) -> None:
    APV.objects.filter(pk=apv.pk).update(revision=2)
    with pytest.raises(InvalidInput, match="The patch changed meanwhile"):
        services.comment(apv_id=apv.pk, by=rita, text="x", place="src/app.py:2", revision=1)
    services.comment(apv_id=apv.pk, by=rita, text="On all of it", revision=1)


def test_comment_is_text_with_code_and_safe_links(apv: APV, rita: User) -> None:
    text = (
        "<script>alert(1)</script> `<b>` ```\n<i>\n``` see https://example.com/a?b=<c. "
        "javascript:alert(1) http://evil@example.com/"
    )
    services.comment(apv_id=apv.pk, by=rita, text=text)
    shown = page_of(rita, apv).split('id="comment-list"')[1].split("<textarea")[0]
    assert "<script" not in shown
    assert "<b>" not in shown
    assert "<i>" not in shown
    assert "<code>&lt;b&gt;</code>" in shown
    assert "<pre><code>&lt;i&gt;\n</code></pre>" in shown
    assert 'href="https://example.com/a?b=" rel="noopener noreferrer nofollow ugc"' in shown
    assert shown.count("<a ") == 1


def test_page_takes_as_many_statements_for_many_comments_as_for_two(apv: APV, lena: User) -> None:
    def statements() -> int:
        with CaptureQueriesContext(
            connection,
        ) as caught:
            page_of(lena, apv)
        return len(caught)

    for _time in range(2):
        made = services.comment(apv_id=apv.pk, by=lena, text="Hello")
        services.edit_comment(apv_id=apv.pk, comment_id=made.pk, by=lena, text="Bye")
    page_of(lena, apv)
    few = statements()
    for _time in range(20):
        made = services.comment(apv_id=apv.pk, by=lena, text="Hello", place="src/app.py:1")
        services.edit_comment(apv_id=apv.pk, comment_id=made.pk, by=lena, text="Bye")
    assert statements() == few


# -- REST and pages -------------------------------------------------------------------------------


def test_rest_adds_edits_and_deletes(apv: APV, rita: User) -> None:
    client = signed_in(rita)
    path = f"/hitl/apvs/{apv.pk}/comments"
    body = {"text": "Why?", "place": "src/app.py:2"}
    added = client.post(path, body, content_type="application/json")
    assert added.status_code == 201
    assert (added.json()["author"], added.json()["current_line"]) == (rita.username, 2)
    own = f"{path}/{added.json()['comment_id']}"
    edited = client.patch(own, {"text": "So"}, content_type="application/json")
    assert (edited.status_code, edited.json()["text"]) == (200, "So")
    assert client.delete(own).status_code == 204
    assert [one["text"] for one in client.get(path).json()] == [""]


def test_rest_says_which_field_is_wrong_and_what_is_unknown(apv: APV, rita: User) -> None:
    client = signed_in(rita)
    path = f"/hitl/apvs/{apv.pk}/comments"
    refused = client.post(path, {"text": "x", "place": "?"}, content_type="application/json")
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["place"])
    unknown = f"{path}/{apv.pk}"
    assert client.patch(unknown, {"text": "x"}, content_type="application/json").status_code == 404
    assert client.get(f"/hitl/apvs/{'0' * 8}-0000-4000-8000-{'0' * 12}/comments").status_code == 404


def test_pages_comment_by_plain_forms(apv: APV, rita: User) -> None:
    client = signed_in(rita)
    path = f"/apvs/{apv.apv_code}/comments"
    answer = client.post(path, {"text": "Hello", "place": ""})
    assert (answer.status_code, answer["Location"]) == (302, f"/apvs/{apv.apv_code}#comments")
    own = f"{path}/{Comment.objects.get().pk}"
    assert client.post(own, {"text": "Bye"}).status_code == 302
    assert Comment.objects.get().text == "Bye"
    assert client.post(own, {"text": "Bye", "delete": "1"}).status_code == 302
    assert Comment.objects.get().deleted_at


def test_page_keeps_what_was_typed_if_it_is_refused(apv: APV, rita: User) -> None:
    path = f"/apvs/{apv.apv_code}/comments"
    answer = signed_in(rita).post(path, {"text": "A long thought", "place": "src/app.py:77"})
    assert answer.status_code == 400
    page = answer.content.decode()
    assert "A long thought" in page
    assert "src/app.py:77" in page
    assert "The patch does not show this line." in page


@pytest.mark.parametrize("view", ["unified", "split"])
@pytest.mark.parametrize("space", ["shown", "ignored"])
def test_comments_stand_at_their_lines_in_every_view(
    apv: APV, rita: User, view: str, space: str
) -> None:
    services.comment(apv_id=apv.pk, by=rita, text="On the new one", place="src/app.py:2")
    services.comment(apv_id=apv.pk, by=rita, text="On the old one", place="src/app.py:-2")
    page = signed_in(rita).get(f"/apvs/{apv.apv_code}/diff?view={view}&space={space}")
    rows = [re.sub(r"<[^>]+>", "", row) for row in page.content.decode().split("<tr")]
    for line, text in (("key = 1", "On the old one"), ("key = 2", "On the new one")):
        [at] = [at for at, row in enumerate(rows) if text in row]
        assert line in "".join(rows[at - 2 : at])  # the other line of a pair may be between


def test_line_that_no_page_of_the_diff_shows_is_a_link_away(rita: User) -> None:
    apv = new_apv(patch_diff=many_lines(2_000))
    services.comment(apv_id=apv.pk, by=rita, text="Far away", place="x.py:1500")
    client = signed_in(rita)
    page = client.get(f"/apvs/{apv.apv_code}/comments").content.decode()
    [link] = re.findall(r'href="([^"]+/diff\?place=x.py%3A1500)#', page)
    assert "Far away" not in client.get(f"/apvs/{apv.apv_code}/diff").content.decode()
    assert "Far away" in client.get(link).content.decode()
    assert client.get(link.replace("1500", "2500")).status_code == 404


def test_refused_edit_keeps_what_was_typed(apv: APV, rita: User) -> None:
    made = services.comment(apv_id=apv.pk, by=rita, text="Mine")
    path = f"/apvs/{apv.apv_code}/comments/{made.pk}"
    answer = signed_in(rita).post(path, {"text": "y" * 5_001})
    assert answer.status_code == 400
    page = answer.content.decode()
    assert "y" * 5_001 in page
    assert "A comment has at most 5000 characters." in page
    services.delete_comment(apv_id=apv.pk, comment_id=made.pk, by=rita)
    page = signed_in(rita).post(path, {"text": "Too late"}).content.decode()
    assert "Too late" in page
    assert "Only its author may edit a comment that is not deleted." in page


@pytest.mark.parametrize("pk", ["-" * 36, "00000000-0000-4000-8000-000000000000"])
def test_page_of_an_unknown_comment_is_not_found(apv: APV, rita: User, pk: str) -> None:
    answer = signed_in(rita).post(f"/apvs/{apv.apv_code}/comments/{pk}", {"text": "Hello"})
    assert answer.status_code == 404


@pytest.mark.parametrize("body", [r'{"text": "a\ud800b"}', '{"text": ["a"]}', '{"place": 5}', "[]"])
def test_rest_answers_odd_bodies_with_a_problem(apv: APV, rita: User, body: str) -> None:
    path = f"/hitl/apvs/{apv.pk}/comments"
    answer = signed_in(rita).post(path, body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["title"] == "Bad Request"
