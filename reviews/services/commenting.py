"""Comment on APVs and on lines of their patches. Texts that were edited or deleted are kept."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.names import display_name
from audit import entries
from audit.choices import AuditAction
from realtime import clock
from realtime.publish import publish
from realtime.transactions import publishing
from reviews.errors import InvalidInput, NotAllowed, UnknownComment
from reviews.events import CommentChanged, CommentWhat
from reviews.locking import locked_apv
from reviews.mentions import mentioned_in
from reviews.models import APV, LONGEST_COMMENT, Comment, Notice, NoticeKind, OldText
from reviews.patch_places import PatchLine, line_at, read_place
from reviews.permissions import Permission, is_lead

MOST_COMMENTS = 500
"""On one APV, deleted ones included."""
MOST_EDITS = 50
"""Of one comment."""
EXCERPT = 200
"""Characters of a comment in a notice."""


def comment(
    *, apv_id: UUID, by: Any, text: str, place: str = "", revision: int | None = None
) -> Comment:
    """Comment on an APV, or on the line `file:line` of its patch; `file:-line` is a removed one.

    `revision` is the one whose patch was read, if that is known. Raise UnknownAPV, NotAllowed or
    InvalidInput.
    """
    with publishing():
        apv = locked_apv(apv_id)
        _check_commenter(by)
        text = _checked(text)
        if apv.comments.count() >= MOST_COMMENTS:
            said = _("An APV has at most {most} comments.")
            raise InvalidInput({"text": [said.format(most=MOST_COMMENTS)]})
        made = _new(apv, by, text, _line(apv, place, revision))
        mentioned = _notify(made, by, but=set())
        _record(AuditAction.COMMENTED, made, by)
        _publish(made, "added", by, mentioned)
        return made


def edit_comment(*, apv_id: UUID, comment_id: UUID, by: Any, text: str) -> Comment:
    """Change the text of one's own comment; the old text is kept.

    Raise UnknownAPV, UnknownComment, NotAllowed or InvalidInput.
    """
    with publishing():
        found = _locked(apv_id, comment_id)
        _check_commenter(by)
        if not may_edit(found, by):
            raise NotAllowed(_("Only its author may edit a comment that is not deleted."))
        text = _checked(text)
        if text == found.text:
            return found
        _check_edits(found)
        before = {one.pk for one in mentioned_in(found.text, but=by)}
        _replace(found, text)
        found.edited_at = clock.now()
        found.save(update_fields=["text", "edited_at"])
        mentioned = _notify(found, by, but=before)
        _record(AuditAction.COMMENT_EDITED, found, by)
        _publish(found, "edited", by, mentioned)
        return found


def delete_comment(*, apv_id: UUID, comment_id: UUID, by: Any) -> None:
    """Delete a comment: its author or a lead may. That there was one stays visible.

    Raise UnknownAPV, UnknownComment or NotAllowed.
    """
    with publishing():
        found = _locked(apv_id, comment_id)
        if found.deleted_at is not None:
            return
        if not may_delete(found, by):
            raise NotAllowed(_("Only its author or a lead may delete a comment."))
        _replace(found, "")
        found.deleted_at = clock.now()
        found.save(update_fields=["text", "deleted_at"])
        _record(AuditAction.COMMENT_DELETED, found, by)
        _publish(found, "deleted", by, [])


def may_edit(comment: Comment, by: Any) -> bool:
    """Return whether `by` may change the text of a comment."""
    is_own = comment.author_id is not None and comment.author_id == by.pk
    return is_own and comment.deleted_at is None and by.has_perm(Permission.COMMENT_APV)


def may_delete(comment: Comment, by: Any) -> bool:
    """Return whether `by` may delete a comment."""
    is_there = comment.deleted_at is None and by.has_perm(Permission.COMMENT_APV)
    return is_there and (is_lead(by) or may_edit(comment, by))


# -- Checks ---------------------------------------------------------------------------------------


def _check_commenter(by: Any) -> None:
    if not by.has_perms([Permission.VIEW_APV, Permission.COMMENT_APV]):
        raise NotAllowed(_("You may not comment on APVs."))


def _checked(text: str) -> str:
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise InvalidInput({"text": [_("Write something.")]})
    if len(text) > LONGEST_COMMENT:
        said = _("A comment has at most {most} characters.")
        raise InvalidInput({"text": [said.format(most=LONGEST_COMMENT)]})
    if "\0" in text:
        raise InvalidInput({"text": [_("Null characters are not allowed.")]})
    return text


def _check_edits(found: Comment) -> None:
    if found.old_texts.count() >= MOST_EDITS:
        said = _("A comment can be edited {most} times.")
        raise InvalidInput({"text": [said.format(most=MOST_EDITS)]})


def _line(apv: APV, place: str, revision: int | None) -> PatchLine | None:
    if not place.strip():
        return None
    if revision not in {None, apv.revision}:
        raise InvalidInput({"place": [_("The patch changed meanwhile. Load the page again.")]})
    read = read_place(place)
    if read is None:
        said = _("Write the line as file:line, such as src/app.py:12, or file:-12 if removed.")
        raise InvalidInput({"place": [said]})
    found = line_at(apv.patch_diff, read)
    if found is None:
        raise InvalidInput({"place": [_("The patch does not show this line.")]})
    return found


def _locked(apv_id: UUID, comment_id: UUID) -> Comment:
    apv = locked_apv(apv_id)
    found = Comment.objects.filter(apv=apv, pk=comment_id).first()
    if found is None:
        raise UnknownComment(comment_id)
    found.apv = apv
    return found


# -- Writes, for a locked APV ---------------------------------------------------------------------


def _new(apv: APV, by: Any, text: str, line: PatchLine | None) -> Comment:
    at = {}
    if line is not None:
        path, side, number = line.place
        at = {"path": path, "side": side, "line": number, "line_text": line.text}
    return Comment.objects.create(
        apv=apv, author=by, author_name=display_name(by), text=text, revision=apv.revision, **at
    )


def _replace(found: Comment, text: str) -> None:
    OldText.objects.create(comment=found, text=found.text)
    found.text = text


def _notify(made: Comment, by: Any, *, but: set[Any]) -> list[str]:
    """Tell those whom a comment mentions, except for `but`; return their user names."""
    people = [one for one in mentioned_in(made.text, but=by) if one.pk not in but]
    Notice.objects.bulk_create(
        Notice(
            user=one,
            apv=made.apv,
            kind=NoticeKind.MENTIONED,
            by_name=display_name(by),
            text=made.text[:EXCERPT],
        )
        for one in people
    )
    return [one.get_username() for one in people]


def _record(action: AuditAction, made: Comment, by: Any) -> None:
    entries.record(action, made.apv.apv_code, actor=by, comment=str(made.pk), place=made.place)


def _publish(made: Comment, what: CommentWhat, by: Any, mentioned: list[str]) -> None:
    message = CommentChanged(
        comment_id=made.pk,
        apv_id=made.apv.apv_id,
        apv_code=made.apv.apv_code,
        what=what,
        by_name=display_name(by),
        mentioned=mentioned,
    )
    publish([message])
