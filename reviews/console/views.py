"""The console's pages and their parts."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import trigger_client_event
from rest_framework.utils.encoders import JSONEncoder

from accounts import write_rate_limit
from realtime import log
from realtime.snapshot import snapshot
from reviews import presence, selectors, services
from reviews.api import problems
from reviews.api.serializers.apvs import APVSerializer
from reviews.console.access import Request, readable, readers_only, sees_decisions, too_many_writes
from reviews.console.changes import differences
from reviews.console.diff_pages import DIFF_COOKIE, answer_with_diff, diff_options
from reviews.console.effects import effect
from reviews.console.export import Encode, as_csv, as_json_lines, record_export, stream
from reviews.console.forms import ConsoleForm
from reviews.console.list_query import ListQuery, asked_of, kept_of, path_beside
from reviews.console.listings import DECIDED, listing_of
from reviews.console.numbers import read_numbers
from reviews.console.pages import (
    answer_with_apv,
    page,
    queue_context,
    reading,
    reading_context,
    wants_reading,
)
from reviews.console.places import PAGE
from reviews.console.question import Question, check_seal
from reviews.console.queue import Queue, count_queue, read_page, read_queue, read_rows
from reviews.console.related import related
from reviews.console.wider_search import apv_named
from reviews.errors import AlreadyDecided, Conflict, NotAllowed, ReviewError
from reviews.models import APV, Decision
from reviews.permissions import Permission

YEAR_SECONDS = 365 * 24 * 3600
STATE = ("version", "status", "submitted_by")
"""What of an APV a page asks for again and again."""
SEAL, GO_BACK = "question", "back"
"""What an answer to the question carries, and what goes back to the form instead."""


@readers_only
@require_safe
def console(request: Request) -> HttpResponse:
    """Show the queue, or the list that `status` names, with its first APV open."""
    queue = read_queue(asked_of(request))
    if exact := _searched_for(request, queue):
        return redirect("apv", exact.apv_code)
    code = queue.first_code
    if wants_reading(request):
        return reading(request, code)
    return page(request, queue, reading_context(request, code) if code else {})


@readers_only
@require_safe
def queue_part(request: Request) -> HttpResponse:
    """Return the list alone, for a page that missed something or wants another list."""
    queue = read_queue(asked_of(request), around=request.GET.get("around", ""))
    answer = render(request, "console/_part.html", queue_context(request, queue))
    if request.htmx:
        answer.headers["HX-Push-Url"] = path_beside(request) + queue.asked.kept
    return answer


@readers_only
@require_safe
def queue_counts(request: Request) -> HttpResponse:
    """Return the lengths of the list and of the tabs' lists, for a page that received a change."""
    return JsonResponse(asdict(count_queue(asked_of(request))))


@readers_only
@require_safe
def queue_rows(request: Request) -> HttpResponse:
    """Return the rows of the APVs in `ids`, for a page that received events, or a page."""
    ask = asked_of(request)
    if "ids" in request.GET:
        rows, at_end = read_rows(_ids(request.GET["ids"]), ask), True
    else:
        rows, _top, at_end = read_page(ask)
    context = {"rows": rows, "listing": ask.listing, "kept": ask.kept, "at_end": at_end}
    return render(request, "console/_rows.html", context)


@readers_only
@require_http_methods(["GET", "HEAD", "POST"])
def apv(request: Request, code: str) -> HttpResponse:
    """Show an APV with its evidence, next to the queue.

    A POST of the form returns the question; a POST of the question decides.
    """
    if request.method == "POST":
        return _decide(request, code)
    return answer_with_apv(request, code)


@readers_only
@require_safe
def apv_state(request: Request, code: str) -> HttpResponse:
    """Return the state of an APV and its positions, for a page that missed something."""
    with snapshot():
        apv = get_object_or_404(APV.objects.only(*STATE), apv_code=code)
        state = _state(request, apv)
        positions = log.positions()
    return JsonResponse({**state, "positions": readable(request, positions)})


def _state(request: Request, apv: APV) -> dict[str, Any]:
    """Return what a page that shows `apv` next to a list compares with its own state."""
    return {
        "version": apv.version,
        "open": services.may_decide(request.user, apv),
        "status": apv.get_status_display(),
        "changes": selectors.last_change_of_apvs(),
    }


@readers_only
@require_safe
def apv_related(request: Request, code: str) -> HttpResponse:
    """Return how many APVs are related to this one, for a page that received a change."""
    with snapshot():
        apv = get_object_or_404(APV, apv_code=code)
        others = related(apv, sees_decisions=sees_decisions(request))
    return render(request, "console/_related.html", {"apv": apv, "related": others})


@readers_only
@require_POST
def apv_reading(request: Request, code: str) -> HttpResponse:
    """Record that the user reads an APV or has left it; return its state and other readers."""
    apv = get_object_or_404(APV.objects.only(*STATE), apv_code=code)
    who: Any = {"apv": apv, "user": request.user, "tab": request.POST.get("tab", "")}
    try:
        if "left" in request.POST:
            presence.leave(**who)
            return HttpResponse(status=204)
        others = presence.others_reading(**who)
    except presence.BadTab as error:
        return JsonResponse({"errors": {"tab": [str(error)]}}, status=400)
    return JsonResponse({**_state(request, apv), "others": others})


@readers_only
@require_POST
def apv_changes(request: Request, code: str) -> HttpResponse:
    """Show an APV as it is now, with what changed since the requesting page was read."""
    return reading(request, code, seen_before=request.POST.get("seen", ""))


@readers_only
@require_safe
def apv_diff(request: Request, code: str) -> HttpResponse:
    """Return the diff or a part of it; remember how it is shown."""
    apv = get_object_or_404(APV.objects.only("apv_code", "patch_diff"), apv_code=code)
    answer = answer_with_diff(request, apv)
    kept = "-".join(diff_options(request))
    answer.set_cookie(DIFF_COOKIE, kept, YEAR_SECONDS, samesite="Lax", httponly=True)
    return answer


@readers_only
@require_safe
def apv_raw_diff(request: Request, code: str) -> HttpResponse:
    """Return the diff as it was sent, for copying and for other tools."""
    apv = get_object_or_404(APV.objects.only("apv_code", "patch_diff"), apv_code=code)
    answer = HttpResponse(apv.patch_diff, content_type="text/plain; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{apv.apv_code}.diff"'
    return answer


@readers_only
@require_safe
def apv_json(request: Request, code: str) -> HttpResponse:
    """Return a complete APV, as over REST: a page shows only the beginning of very long fields."""
    apv = get_object_or_404(APV, apv_code=code)
    answer = JsonResponse(APVSerializer(apv).data, encoder=JSONEncoder)
    answer.headers["Content-Disposition"] = f'attachment; filename="{apv.apv_code}.json"'
    return answer


@readers_only
@require_safe
@permission_required(Permission.VIEW_STATS, raise_exception=True)
def numbers(request: Request) -> HttpResponse:
    """Show the statistics, below the panes or on their own page."""
    template = "console/_numbers.html" if request.htmx else "console/numbers.html"
    context = {"numbers": read_numbers(), "sees_decisions": sees_decisions(request)}
    return render(request, template, context)


@readers_only
@require_safe
def decisions_csv(request: Request) -> HttpResponseBase:
    """Export the decisions that the query describes, for a spreadsheet."""
    return _export(request, as_csv, "text/csv; charset=utf-8", "decisions.csv")


@readers_only
@require_safe
def decisions_json_lines(request: Request) -> HttpResponseBase:
    """Export the decisions that the query describes, one JSON object per line, as over REST."""
    return _export(request, as_json_lines, "application/x-ndjson", "decisions.jsonl")


def _export(request: Request, encode: Encode, kind: str, name: str) -> HttpResponseBase:
    if not sees_decisions(request):
        raise PermissionDenied(_("You may read APVs, but not the decisions on them."))
    if wait := write_rate_limit.wait_as_write(request, request.user):
        return too_many_writes(request, wait)
    ask = ListQuery(DECIDED, request.GET)
    answer: HttpResponseBase
    if request.method == "HEAD":
        answer = HttpResponse(content_type=kind)
    else:
        record_export(request.user, name, asked=ask.kept.removeprefix("?"))
        answer = StreamingHttpResponse(stream(ask.filter.qs, encode), content_type=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@readers_only
@require_safe
def signed_in(request: Request) -> HttpResponse:
    """Show that signing in again succeeded: the page that asked continues in its own tab."""
    return render(request, "console/signed_in.html")


@require_safe
def favicon(request: Request) -> HttpResponse:
    """Return the icon, for pages that name none, such as the admin's."""
    return redirect(static("reviews/favicon.svg"))


# -- Deciding ---------------------------------------------------------------------------------


def _decide(request: Request, code: str) -> HttpResponse:
    apv = get_object_or_404(APV, apv_code=code)
    form = ConsoleForm(request.POST)
    if not request.user.has_perm(Permission.DECIDE_APV):
        form.take(NotAllowed(_("You may read APVs, but not decide on them.")))
        return answer_with_apv(request, code, form, status=403)
    if GO_BACK in request.POST:
        return answer_with_apv(request, code, form)
    if not form.is_valid():
        return answer_with_apv(request, code, form, status=400)
    try:
        if SEAL not in request.POST:
            return _ask(request, apv, form)
        check_seal(request.POST[SEAL], request.user, apv, form.given)
        return _tell(request, apv, _record(request, apv, form.given))
    except ReviewError as error:
        form.take(error)
        return answer_with_apv(
            request,
            code,
            form,
            status=problems.status_of(error),
            reread=isinstance(error, Conflict),
        )


def _ask(request: Request, apv: APV, form: ConsoleForm) -> HttpResponse:
    """Ask for confirmation, with everything that would be recorded."""
    services.check(apv=apv, reviewer=request.user, **form.given)
    texts = {name: form.cleaned_data[name] for name in ("seen", "since")}
    changed = differences(apv, texts["since"])
    question = Question(apv, request.user, form.given, changed, **texts)
    template = "console/_question.html" if request.htmx else "console/question.html"
    return render(request, template, {"question": question, "apv": apv, "kept": kept_of(request)})


def _record(request: Request, apv: APV, given: dict[str, Any]) -> Decision:
    """Record the decision, or find it recorded: the first response may have been lost."""
    try:
        return services.decide(apv_id=apv.pk, reviewer=request.user, **given)
    except AlreadyDecided as error:
        standing = error.decision
        made = {name: getattr(standing, name) for name in given if name != "version"}
        if standing.reviewer_id == request.user.pk and made == _without(given, "version"):
            return standing
        raise


def _without(given: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in given.items() if key != name}


def _tell(request: Request, apv: APV, decision: Decision) -> HttpResponse:
    """Show that a decision is recorded, and continue."""
    if request.htmx:
        said = {"code": apv.apv_code, "text": _recorded(decision)}
        return trigger_client_event(reading(request, apv.apv_code), "decided", said, after="swap")
    messages.success(request, _recorded_with_link(decision))
    kept = asked_of(request, listing_of(apv.status))
    return redirect(kept.address())


def _recorded(decision: Decision) -> str:
    return _("Your decision on {code} is recorded: {decision} – {effect}.").format(
        code=decision.apv.apv_code,
        decision=decision.get_decision_display(),
        effect=effect(decision.apv, decision.decision),
    )


def _recorded_with_link(decision: Decision) -> str:
    code = decision.apv.apv_code
    link = format_html('<a href="{}">{}</a>', reverse("apv", args=[code]), code)
    return format_html(
        _("Your decision on {code} is recorded: {decision} – {effect}."),
        code=link,
        decision=decision.get_decision_display(),
        effect=effect(decision.apv, decision.decision),
    )


def _searched_for(request: Request, queue: Queue) -> APV | None:
    """Return the APV whose code somebody without scripts searched for, if the list has nothing."""
    if queue.total or request.htmx:
        return None
    return apv_named(queue.asked.query.get("search", ""))


def _ids(text: str) -> list[UUID]:
    """Return the ids in a comma-separated `text`, up to a page of them; ignore invalid ones."""
    found = []
    for part in text.split(",")[:PAGE]:
        try:
            found.append(UUID(part))
        except ValueError:
            continue
    return found
