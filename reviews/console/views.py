"""The console's pages and their parts."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.templatetags.static import static
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from rest_framework.utils.encoders import JSONEncoder

from accounts import write_rate_limit
from realtime import log
from realtime.snapshot import snapshot
from reviews import presence, selectors, services
from reviews.api.serializers.apvs import APVSerializer
from reviews.console import team
from reviews.console.access import (
    Request,
    readable,
    readers_only,
    require_decisions,
    sees_decisions,
    too_many_writes,
)
from reviews.console.deciding import decide
from reviews.console.diff_pages import DIFF_COOKIE, answer_with_diff, diff_options
from reviews.console.export import Encode, as_csv, as_json_lines, record_export, stream
from reviews.console.list_query import ListQuery, asked_of, kept_of, path_beside
from reviews.console.listings import DECIDED, LISTINGS, Listing
from reviews.console.many.selection import is_selectable
from reviews.console.notices import unread
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
from reviews.console.queue import Queue, count_queue, read_page, read_queue, read_rows
from reviews.console.related import related
from reviews.console.revisions import since
from reviews.console.wider_search import apv_named
from reviews.models import APV
from reviews.permissions import Permission

YEAR_SECONDS = 365 * 24 * 3600
STATE = ("version", "status", "submitted_by")
"""What of an APV a page asks for again and again."""


@readers_only
@require_safe
def console(request: Request) -> HttpResponse:
    """Show the queue, or the list that `status` names, with its first APV open."""
    queue = read_queue(asked_of(request), sees_decisions=sees_decisions(request))
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
    around = request.GET.get("around", "")
    queue = read_queue(asked_of(request), around, sees_decisions=sees_decisions(request))
    answer = render(request, "console/_part.html", queue_context(request, queue))
    if request.htmx:
        answer.headers["HX-Push-Url"] = path_beside(request) + queue.asked.kept
    return answer


@readers_only
@require_safe
def queue_counts(request: Request) -> HttpResponse:
    """Return the lengths of the list and of the tabs' lists, for a page that received a change."""
    counts = count_queue(asked_of(request), sees_decisions=sees_decisions(request))
    return JsonResponse({**asdict(counts), "notices": unread(request.user)})


@readers_only
@require_safe
def queue_rows(request: Request) -> HttpResponse:
    """Return the rows of `ids`, for a page that received events, or a page of rows."""
    ask = asked_of(request)
    if "ids" in request.GET:
        rows, at_end = read_rows(_ids(request.GET["ids"]), ask), True
    else:
        rows, _top, at_end = read_page(ask)
    context = {
        "rows": rows,
        "listing": ask.listing,
        "kept": ask.kept,
        "at_end": at_end,
        "folded": ask.fold and "ids" not in request.GET,
        "selectable": is_selectable(request.user, ask.listing),
    }
    return render(request, "console/_rows.html", context)


@readers_only
@require_http_methods(["GET", "HEAD", "POST"])
def apv(request: Request, code: str) -> HttpResponse:
    """Show an APV with its evidence, next to the queue.

    A POST of the form returns the question; a POST of the question decides.
    """
    if request.method == "POST":
        return decide(request, code)
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
        apv = get_object_or_404(APV.objects.with_pull_request(), apv_code=code)
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
            team.leave(apv, request.user, presence.leave(**who), request.POST["left"])
            return HttpResponse(status=204)
        others = presence.others_reading(**who)
    except presence.BadTab as error:
        return JsonResponse({"errors": {"tab": [str(error)]}}, status=400)
    services.renew(apv, request.user)
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
    apv = get_object_or_404(APV.objects.only("apv_code", "revision", "patch_diff"), apv_code=code)
    answer = answer_with_diff(request, apv)
    kept = "-".join(diff_options(request))
    answer.set_cookie(DIFF_COOKIE, kept, YEAR_SECONDS, samesite="Lax", httponly=True)
    return answer


@readers_only
@require_safe
def apv_since(request: Request, code: str, number: str) -> HttpResponse:
    """Show what changed on an APV since one of its revisions."""
    apv = get_object_or_404(APV.objects.with_pull_request(), apv_code=code)
    context = {"apv": apv, "since": since(apv, int(number)), "kept": kept_of(request)}
    template = "console/_since.html" if request.htmx else "console/since.html"
    return render(request, template, context)


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
    apv = get_object_or_404(APV.objects.with_pull_request(), apv_code=code)
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
    require_decisions(request)
    if wait := write_rate_limit.wait_as_write(request, request.user):
        return too_many_writes(request, wait)
    ask = ListQuery(_of_decisions(request), request.GET, request.user)
    answer: HttpResponseBase
    if request.method == "HEAD":
        answer = HttpResponse(content_type=kind)
    else:
        record_export(request.user, name, asked=ask.kept.removeprefix("?"))
        answer = StreamingHttpResponse(stream(ask.filter.qs, encode), content_type=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _of_decisions(request: Request) -> Listing:
    """Return which list of decisions an address names."""
    listing = LISTINGS.get(request.GET.get("status", ""), DECIDED)
    return listing if listing.of_decisions else DECIDED


@readers_only
@require_safe
def signed_in(request: Request) -> HttpResponse:
    """Show that signing in again succeeded: the page that asked continues in its own tab."""
    return render(request, "console/signed_in.html")


@require_safe
def favicon(request: Request) -> HttpResponse:
    """Return the icon, for pages that name none, such as the admin's."""
    return redirect(static("reviews/favicon.svg"))


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
