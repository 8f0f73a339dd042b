"""The pages: the queue, an APV with its evidence and decision, and the parts of these."""

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import trigger_client_event

from realtime import history
from realtime.messages import Position
from reviews import presence, selectors, services
from reviews.console import diffs
from reviews.console.access import Request, channels_of, readers_only
from reviews.console.changes import seen
from reviews.console.code import reveal
from reviews.console.effects import effect
from reviews.console.evidence import FIRST_TAB, TABS, Evidence
from reviews.console.export import Encode, as_csv, as_json_lines, stream
from reviews.console.filters import SORTS, asked
from reviews.console.forms import ConsoleForm
from reviews.console.numbers import read_numbers
from reviews.console.queue import (
    DECIDED,
    LISTINGS,
    PAGE,
    PENDING,
    Asked,
    Listing,
    Queue,
    listing_of,
    orders_of_severities,
    read_page,
    read_queue,
    read_rows,
)
from reviews.console.words import words
from reviews.errors import Conflict, ReviewError
from reviews.models import APV, JUSTIFICATION_LENGTH, Decision

EMBEDDED_DIFF = 20_000
"""Longer diffs, in characters, are loaded when they are looked at."""
TAB_COOKIE, DIFF_COOKIE = "hitl_tab", "hitl_diff"
YEAR_SECONDS = 365 * 24 * 3600


@readers_only
@require_safe
def console(request: Request) -> HttpResponse:
    """The queue, or the list that `status` names, with its first APV open."""
    queue = read_queue(_asked(request))
    code = queue.first_code
    if _wants_reading(request):
        return _reading(request, code)
    return _page(request, queue, _reading_context(request, code) if code else {})


@readers_only
@require_safe
def queue_part(request: Request) -> HttpResponse:
    """The list alone, for a page that missed something or asks for another one."""
    queue = read_queue(_asked(request))
    answer = render(request, "console/_part.html", _queue_context(request, queue))
    if request.htmx:
        answer.headers["HX-Push-Url"] = _path_beside(request) + queue.asked.kept
    return answer


@readers_only
@require_safe
def queue_rows(request: Request) -> HttpResponse:
    """The rows of the APVs in `ids`, for a page that heard of them; else those of a page."""
    ask = _asked(request)
    if "ids" in request.GET:
        rows, at_end = read_rows(_ids(request.GET["ids"]), ask), True
    else:
        rows, _top, at_end = read_page(ask)
    context = {"rows": rows, "listing": ask.listing, "kept": ask.kept, "at_end": at_end}
    return render(request, "console/_rows.html", context)


@readers_only
@require_http_methods(["GET", "HEAD", "POST"])
def apv(request: Request, code: str) -> HttpResponse:
    """An APV with its evidence, beside the queue; a POST decides on it."""
    if request.method == "POST":
        return _decide(request, code)
    return _answer(request, code)


@readers_only
@require_safe
def apv_state(request: Request, code: str) -> HttpResponse:
    """An APV's version and the positions it was read at, for a page that missed something."""
    with selectors.snapshot():
        version = get_object_or_404(APV.objects.only("version"), apv_code=code).version
        positions = history.positions()
    return JsonResponse({"version": version, "positions": _readable(request, positions)})


@readers_only
@require_POST
def apv_reading(request: Request, code: str) -> HttpResponse:
    """Note that the user is reading an APV, or has left it; tells its version and who else is."""
    apv = get_object_or_404(APV.objects.only("version"), apv_code=code)
    if "left" in request.POST:
        presence.leave(apv=apv, user=request.user)
        return HttpResponse(status=204)
    others = presence.others_reading(apv=apv, user=request.user)
    return JsonResponse({"version": apv.version, "others": others})


@readers_only
@require_POST
def apv_changes(request: Request, code: str) -> HttpResponse:
    """An APV as it is now, with what changed since the page was read that asks."""
    return _reading(request, code, seen_before=request.POST.get("seen", ""))


@readers_only
@require_safe
def apv_diff(request: Request, code: str) -> HttpResponse:
    """The diff, as `view` and `space` ask for it; both are remembered."""
    apv = get_object_or_404(APV.objects.only("apv_code", "patch_diff"), apv_code=code)
    context = {"apv": apv, "diff": _diff(request, apv)}
    template = "console/_diff.html" if request.htmx else "console/diff.html"
    answer = render(request, template, context)
    view, space = _diff_options(request)
    answer.set_cookie(DIFF_COOKIE, f"{view}-{space}", YEAR_SECONDS, samesite="Lax", httponly=True)
    return answer


@readers_only
@require_safe
def apv_raw_diff(request: Request, code: str) -> HttpResponse:
    """The diff as it came, for copying and for other tools."""
    apv = get_object_or_404(APV.objects.only("apv_code", "patch_diff"), apv_code=code)
    answer = HttpResponse(apv.patch_diff, content_type="text/plain; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{apv.apv_code}.diff"'
    return answer


@readers_only
@require_safe
@permission_required("reviews.view_stats", raise_exception=True)
def numbers(request: Request) -> HttpResponse:
    """The numbers of the review, below the panes or on a page of their own."""
    template = "console/_numbers.html" if request.htmx else "console/numbers.html"
    context = {"numbers": read_numbers(), "sees_decisions": _sees_decisions(request)}
    return render(request, template, context)


@readers_only
@require_safe
def decisions_csv(request: Request) -> StreamingHttpResponse:
    """The decisions that the address asks for, for a spreadsheet."""
    return _export(request, as_csv, "text/csv; charset=utf-8", "decisions.csv")


@readers_only
@require_safe
def decisions_json_lines(request: Request) -> StreamingHttpResponse:
    """The decisions that the address asks for, a JSON object a line, as REST gives them."""
    return _export(request, as_json_lines, "application/x-ndjson", "decisions.jsonl")


def _export(request: Request, encode: Encode, kind: str, name: str) -> StreamingHttpResponse:
    if not _sees_decisions(request):
        raise PermissionDenied(_("You may read APVs, but not the decisions on them."))
    rows = Asked(DECIDED, request.GET).filter.qs
    answer = StreamingHttpResponse(stream(rows, encode), content_type=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@readers_only
@require_safe
def signed_in(request: Request) -> HttpResponse:
    """Where signing in again ends: the page that asked for it goes on in its own tab."""
    return render(request, "console/signed_in.html")


@require_safe
def favicon(request: Request) -> HttpResponse:
    """The icon, for pages that name none, such as the admin's."""
    return redirect(static("reviews/favicon.svg"))


# -- Deciding ---------------------------------------------------------------------------------


def _decide(request: Request, code: str) -> HttpResponse:
    if not request.user.has_perm("reviews.decide_apv"):
        raise PermissionDenied(_("You may read APVs, but not decide on them."))
    apv = get_object_or_404(APV.objects.only("pk", "status"), apv_code=code)
    form = ConsoleForm(request.POST)
    if not form.is_valid():
        return _answer(request, code, form, status=400)
    try:
        decision = services.decide(apv_id=apv.pk, reviewer=request.user, **form.given)
    except ReviewError as error:
        form.take(error)
        return _answer(request, code, form, status=error.status, reread=isinstance(error, Conflict))
    if request.htmx:
        said = {"code": code, "text": _recorded(decision)}
        return trigger_client_event(_reading(request, code), "decided", said, after="swap")
    messages.success(request, _recorded_with_link(decision))
    kept = _asked(request, listing_of(apv.status))
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


# -- Pages and their parts --------------------------------------------------------------------


def _wants_reading(request: Request) -> bool:
    """Whether a script asks for the APV alone, and not for the page around it."""
    return bool(request.htmx) and not request.htmx.history_restore_request


def _answer(
    request: Request,
    code: str,
    form: ConsoleForm | None = None,
    *,
    status: int = 200,
    reread: bool = False,
) -> HttpResponse:
    """The APV, in the page around it unless a script asks for the APV alone."""
    context = _reading_context(request, code, form, reread=reread)
    if _wants_reading(request):
        return render(request, "console/_reading.html", context, status=status)
    ask = _asked(request, context["listing"])
    return _page(request, read_queue(ask), context, status=status, opened=True)


def _reading(request: Request, code: str, *, seen_before: str = "") -> HttpResponse:
    if not code:
        return render(request, "console/_reading.html", {})
    context = _reading_context(request, code, seen_before=seen_before)
    return render(request, "console/_reading.html", context)


def _page(
    request: Request,
    queue: Queue,
    reading: dict[str, Any],
    *,
    status: int = 200,
    opened: bool = False,
) -> HttpResponse:
    watch = {
        "channels": channels_of(request.user),
        "words": words(),
        "orders": orders_of_severities(),
        "user": request.user.pk,
        "beat": presence.BEAT_SECONDS * 1000,
    }
    context = {
        **_queue_context(request, queue),
        **reading,
        "opened": opened,
        "open_code": reading["apv"].apv_code if reading else "",
        "watch": json.dumps(watch),
    }
    return render(request, "console/console.html", context, status=status)


def _queue_context(request: Request, queue: Queue) -> dict[str, Any]:
    return {
        "queue": queue,
        "kept": queue.asked.kept,
        "page_size": PAGE,
        "sorts": SORTS,
        "sees_decisions": _sees_decisions(request),
        "sees_stats": request.user.has_perm("reviews.view_stats"),
        "positions": json.dumps(_readable(request, queue.positions)),
    }


def _reading_context(
    request: Request,
    code: str,
    form: ConsoleForm | None = None,
    *,
    reread: bool = False,
    seen_before: str = "",
) -> dict[str, Any]:
    sees_decisions = _sees_decisions(request)
    with selectors.snapshot():
        apv = get_object_or_404(APV, apv_code=code)
        decisions = list(apv.decisions.order_by("-decided_at")) if sees_decisions else []
        positions = history.positions()
    listing = listing_of(apv.status)
    if listing is DECIDED and not sees_decisions:
        listing = PENDING
    form = form or ConsoleForm(initial={"version": apv.version, "seen": seen_before or seen(apv)})
    changed = form.differences(apv) if reread or seen_before else []
    if reread:
        form.read_again(apv)
    elif seen_before:
        form.initial["seen"] = seen(apv)
    return {
        "apv": apv,
        "evidence": Evidence(apv),
        "chosen_tab": _tab(request),
        "decisions": [(one, effect(apv, one.decision)) for one in decisions],
        "listing": listing,
        "kept": _kept(request),
        "may_decide": services.may_decide(request.user, apv),
        "form": form,
        "options": form.options(apv),
        "changed": changed,
        "diff": _diff(request, apv) if len(apv.patch_diff) <= EMBEDDED_DIFF else None,
        "justification_length": JUSTIFICATION_LENGTH,
        "reading_positions": json.dumps(_readable(request, positions)),
    }


def _diff(request: Request, apv: APV) -> dict[str, Any]:
    """The diff as `_diff.html` shows it."""
    view, space = _diff_options(request)
    plain = diffs.is_long(apv.patch_diff)
    files = [] if plain else diffs.files_of(apv.patch_diff)
    shown = [one.ignoring_space() for one in files] if space == "ignored" else files
    return {
        "view": view,
        "space": space,
        "files": shown,
        "only_space": sum(one.only_space for one in files),
        "plain": reveal(apv.patch_diff.replace("\r\n", "\n")) if plain else "",
    }


def _diff_options(request: Request) -> tuple[str, str]:
    """How the diff is shown: as asked for, else as the last time."""
    last_view, _dash, last_space = request.COOKIES.get(DIFF_COOKIE, "").partition("-")
    view = request.GET.get("view", last_view)
    space = request.GET.get("space", last_space)
    return (
        "split" if view == "split" else "unified",
        "ignored" if space == "ignored" else "shown",
    )


def _tab(request: Request) -> str:
    """The tab that was open last: it stays open from one APV to the next."""
    tab = request.COOKIES.get(TAB_COOKIE, "")
    return tab if tab in TABS else FIRST_TAB


def _asked(request: Request, default: Listing = PENDING) -> Asked:
    listing = LISTINGS.get(request.GET.get("status", ""), default)
    if listing is DECIDED and not _sees_decisions(request):
        raise PermissionDenied(_("You may read APVs, but not the decisions on them."))
    query = request.GET.copy()
    if listing is PENDING:
        query.pop("status", None)
    else:
        query["status"] = listing.name
    return Asked(listing, query)


def _path_beside(request: Request) -> str:
    """The address of the APV that is open beside a list, or of the queue."""
    path, _question, _query = (request.htmx.current_url_abs_path or "").partition("?")
    return path if path.startswith("/apvs/") else reverse("console")


def _kept(request: Request) -> str:
    """The list that an APV is read beside, as a query."""
    return asked(request.GET)


def _sees_decisions(request: Request) -> bool:
    return bool(request.user.has_perm("reviews.view_decision"))


def _readable(request: Request, positions: dict[str, Position]) -> dict[str, Any]:
    mine = channels_of(request.user)
    return {name: one.model_dump() for name, one in positions.items() if name in mine}


def _ids(text: str) -> list[UUID]:
    """The ids in a comma-separated `text`, up to a page of them; what is no id is passed over."""
    found = []
    for part in text.split(",")[:PAGE]:
        try:
            found.append(UUID(part))
        except ValueError:
            continue
    return found
