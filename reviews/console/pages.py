"""Pages and their parts: the responses of views."""

import json
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render

from accounts.names import display_name
from accounts.socket_access import readable_channels
from realtime import clock, log
from realtime.compiled_queries import CompiledQuery
from realtime.messages import wire_time
from realtime.snapshot import snapshot
from reviews import presence, services, team_members
from reviews.batches.actions import OFFERED
from reviews.choices import Status
from reviews.console.access import Request, readable, sees_decisions
from reviews.console.apv_fields import FIRST_TAB, TABS
from reviews.console.changes import seen
from reviews.console.comment_state import Comments
from reviews.console.diff_pages import diff_of
from reviews.console.diffs import Page
from reviews.console.due import due_of
from reviews.console.evidence import Evidence
from reviews.console.fallback import with_fallback
from reviews.console.filters import SORTS
from reviews.console.forms import ConsoleForm
from reviews.console.justifications import chosen_in
from reviews.console.list_query import COUNTED, asked_of, kept_of
from reviews.console.listings import ATTENTION, listing_of
from reviews.console.many.progress import latest_of
from reviews.console.many.selection import is_selectable
from reviews.console.notices import unread
from reviews.console.origin import origin_of
from reviews.console.outcomes import Made
from reviews.console.overdue import read_overdue
from reviews.console.places import PAGE
from reviews.console.queue import Queue, read_queue
from reviews.console.related import related
from reviews.console.revisions import is_past, revisions_of
from reviews.console.rows import orders_of_severities
from reviews.console.saved_views import Tabs
from reviews.console.team_state import Team
from reviews.console.undoing import undoable_by
from reviews.console.wider_search import search_wider
from reviews.console.words import kinds, words
from reviews.decision_kinds import DecisionKind
from reviews.models import APV, JUSTIFICATION_LENGTH, Decision
from reviews.orders import DECISIONS
from reviews.permissions import Permission
from reviews.policies.explaining import Explanation

EMBEDDED_DIFF = 20_000
"""Longer diffs, in characters, are loaded when they are looked at."""
TAB_COOKIE = "hitl_tab"


def wants_reading(request: Request) -> bool:
    """Return whether a script asks for the APV alone, without the page around it."""
    return bool(request.htmx) and not request.htmx.history_restore_request


def answer_with_apv(
    request: Request,
    code: str,
    form: ConsoleForm | None = None,
    *,
    status: int = 200,
    reread: bool = False,
    refusal: str = "",
) -> HttpResponse:
    """Respond with the APV, in a page unless a script asks for the APV alone.

    `refusal` says why something about a decision on it was not done.
    """
    context = {**reading_context(request, code, form, reread=reread), "refusal": refusal}
    if wants_reading(request):
        return render(request, "console/_reading.html", context, status=status)
    ask = asked_of(request, context["listing"])
    queue = read_queue(ask, around=code, sees_decisions=sees_decisions(request))
    return page(request, queue, context, status=status, opened=True)


def reading(request: Request, code: str, *, seen_before: str = "") -> HttpResponse:
    """Return the APV alone for a script; nothing if `code` is ""."""
    if not code:
        return render(request, "console/_reading.html", {})
    context = reading_context(request, code, seen_before=seen_before)
    return render(request, "console/_reading.html", context)


def page(
    request: Request,
    queue: Queue,
    reading: dict[str, Any],
    *,
    status: int = 200,
    opened: bool = False,
) -> HttpResponse:
    """Return the whole page: the queue, and `reading`'s context for the APV next to it."""
    context = {
        **queue_context(request, queue),
        **reading,
        "opened": opened,
        "open_code": reading["apv"].apv_code if "apv" in reading else "",
        "watch": json.dumps(_for_scripts(request)),
        "undo": json.dumps(undoable_by(request.user)),
        "unread_notices": unread(request.user),
        "undo_seconds": settings.HITL_UNDO_SECONDS,
        "keys": [(kind.traits.key, kind.label) for kind in DecisionKind],
        "progress": latest_of(request.user) if _decides(request) else None,
        "actions": OFFERED,
    }
    return render(request, "console/console.html", context, status=status)


def _decides(request: Request) -> bool:
    return bool(request.user.has_perm(Permission.DECIDE_APV))


def _for_scripts(request: Request) -> dict[str, Any]:
    """Return the data for the page's scripts; `page.d.ts` has the types."""
    return {
        "channels": readable_channels(request.user),
        "words": words(),
        "kinds": kinds(),
        "orders": orders_of_severities(),
        "user": request.user.pk,
        "name": display_name(request.user),
        "username": request.user.get_username(),
        "beat": presence.BEAT_SECONDS * 1000,
        "now": wire_time(clock.now()),
    }


def queue_context(request: Request, queue: Queue) -> dict[str, Any]:
    """Return the context for the templates of the list."""
    return {
        "queue": queue,
        "kept": queue.asked.kept,
        "page_size": PAGE,
        "counted": COUNTED,
        "sorts": SORTS,
        "views": Tabs(queue.asked, request.user),
        "overdue": read_overdue() if queue.listing is ATTENTION else None,
        "wider": search_wider(queue, sees_decisions=sees_decisions(request)),
        "selectable": is_selectable(request.user, queue.listing),
        "sees_decisions": sees_decisions(request),
        "sees_stats": request.user.has_perm(Permission.VIEW_STATS),
        "positions": json.dumps(readable(request, queue.positions)),
    }


@with_fallback
def reading_context(
    request: Request,
    code: str,
    form: ConsoleForm | None = None,
    *,
    reread: bool = False,
    seen_before: str = "",
) -> dict[str, Any]:
    """Return the context for the templates of an APV.

    With `reread` or `seen_before`, it includes the changes since.
    """
    with snapshot():
        apv = _apv_with(code)
        context = _of_apv(request, apv)
    if form is None:
        begun = {"version": apv.version, "seen": seen_before or seen(apv)}
        form = ConsoleForm(initial={**begun, **chosen_in(request, apv)})
    differences = form.differences(apv) if reread or seen_before else []
    if reread:
        form.read_again(apv)
    elif seen_before:
        form.initial.update(seen=seen(apv), since=seen_before)
    return {
        **context,
        **_of_form(request, apv, form),
        "changed": differences,
        "kept": kept_of(request),
        "chosen_tab": _tab(request),
        "diff": _embedded_diff(request, apv, context["comments"]),
    }


OPENED = CompiledQuery(
    lambda code: APV.objects.with_pull_request().with_team().filter(apv_code=code), "a code"
)
DECIDED = CompiledQuery(
    lambda pk: (
        Decision.objects.filter(apv=pk)
        .select_related("effect", "retraction")
        .order_by(*DECISIONS.by)
    ),
    UUID(int=1),
)


def _apv_with(code: str) -> APV:
    """Return the APV with a code; raise Http404."""
    for apv in OPENED.rows(code):
        return apv
    raise Http404


def _embedded_diff(request: Request, apv: APV, comments: Comments) -> Page | None:
    is_short = len(apv.patch_diff) <= EMBEDDED_DIFF
    return diff_of(request, apv, comments) if is_short else None


def _of_apv(request: Request, apv: APV) -> dict[str, Any]:
    """Return the context about an APV, read in one snapshot."""
    is_open = sees_decisions(request)
    made = _decisions_on(apv) if is_open else []
    return {
        "apv": apv,
        "origin": origin_of(apv),
        "due": due_of(apv),
        "team": Team(apv, request.user),
        "comments": Comments(apv, request.user),
        "revisions": revisions_of(apv, made),
        "before": next((one for one in made if is_past(apv, one)), None),
        "evidence": Evidence(apv),
        "related": related(apv, sees_decisions=is_open),
        "decisions": [Made(apv, one, request.user) for one in made],
        "listing": listing_of(apv.status, sees_decisions=is_open),
        "reading_positions": json.dumps(readable(request, log.positions())),
    }


def _decisions_on(apv: APV) -> list[Decision]:
    """Return the decisions on an APV with what became of them, the newest first."""
    made = DECIDED.rows(apv.pk)
    for one in made:
        one.apv = apv
    return made


def _of_form(request: Request, apv: APV, form: ConsoleForm) -> dict[str, Any]:
    """Return the context of the decision form."""
    may_decide = services.may_decide(request.user, apv)
    asked = Explanation(apv, request.user) if apv.status in services.DECIDERS else None
    return {
        "may_decide": may_decide,
        "asked": asked,
        "form": form,
        "options": form.options(apv, asked if may_decide else None),
        "justification_length": JUSTIFICATION_LENGTH,
        "addressees": _addressees() if may_decide and apv.status == Status.PENDING else {},
    }


def _addressees() -> dict[str, Any]:
    """Return whom an escalation can be for."""
    return {"leads": team_members.leads(), "groups": team_members.groups()}


def _tab(request: Request) -> str:
    """Return the tab that was open last: it stays open for the next APV."""
    tab = request.COOKIES.get(TAB_COOKIE, "")
    return tab if tab in TABS else FIRST_TAB
