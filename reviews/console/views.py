"""The pages: the lists, an APV with its decision form, and the parts that keep them current."""

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods, require_safe

from realtime import history
from realtime.messages import Position
from reviews import osv, selectors, services
from reviews.choices import OUTCOME
from reviews.console.access import channels_of, readers_only
from reviews.console.code import unseen_characters
from reviews.console.effects import effect
from reviews.console.evidence import groups_of, signals_of
from reviews.console.forms import DecisionForm
from reviews.console.queue import (
    DECIDED,
    LISTINGS,
    PAGE,
    PENDING,
    listing_of,
    read_queue,
    read_rows,
)
from reviews.errors import ReviewError
from reviews.models import APV, Decision


@readers_only
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """The pending queue, or the list that `status` names."""
    return render(request, "console/queue.html", _queue_context(request))


@readers_only
@require_safe
def queue_part(request: HttpRequest) -> HttpResponse:
    """The list alone, for a page that missed something."""
    return render(request, "console/_queue.html", _queue_context(request))


@readers_only
@require_safe
def queue_rows(request: HttpRequest) -> HttpResponse:
    """The rows of the APVs in `ids`, for a page that heard of them."""
    rows = read_rows(_ids(request.GET.get("ids", "")))
    return render(request, "console/_rows.html", {"rows": rows})


@readers_only
@require_http_methods(["GET", "HEAD", "POST"])
def apv(request: HttpRequest, code: str) -> HttpResponse:
    """An APV with its evidence; a POST decides on it."""
    if request.method == "POST":
        return _decide(request, code)
    return _apv_page(request, code)


@readers_only
@require_safe
def apv_state(request: HttpRequest, code: str) -> HttpResponse:
    """An APV's version and the positions it was read at, for a page that missed something."""
    with selectors.snapshot():
        version = get_object_or_404(APV.objects.only("version"), apv_code=code).version
        positions = history.positions()
    return JsonResponse({"version": version, "positions": _readable(request, positions)})


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """The icon, for pages that name none, such as the admin's."""
    return redirect(static("reviews/favicon.svg"))


def _decide(request: HttpRequest, code: str) -> HttpResponse:
    if not request.user.has_perm("reviews.decide_apv"):
        raise PermissionDenied("You may read APVs, but not decide on them.")
    apv = get_object_or_404(APV.objects.only("pk", "status"), apv_code=code)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _apv_page(request, code, form, status=400)
    try:
        decision = services.decide(apv_id=apv.pk, reviewer=request.user, **form.cleaned_data)
    except ReviewError as error:
        form.take(error)
        return _apv_page(request, code, form, status=error.status)
    messages.success(request, _recorded(decision))
    return redirect(listing_of(apv.status).address())


def _sees_decisions(request: HttpRequest) -> bool:
    return request.user.has_perm("reviews.view_decision")


def _recorded(decision: Decision) -> str:
    code = decision.apv.apv_code
    return format_html(
        'Your decision on <a href="{}">{}</a> is recorded: {} – {}.',
        reverse("apv", args=[code]),
        code,
        decision.get_decision_display(),
        effect(decision.apv, decision.decision),
    )


def _apv_page(
    request: HttpRequest, code: str, form: DecisionForm | None = None, *, status: int = 200
) -> HttpResponse:
    sees_decisions = _sees_decisions(request)
    with selectors.snapshot():
        apv = get_object_or_404(APV, apv_code=code)
        decisions = list(apv.decisions.order_by("-decided_at")) if sees_decisions else []
        positions = history.positions()
    listing = listing_of(apv.status)
    if listing is DECIDED and not sees_decisions:
        listing = PENDING
    form = form or DecisionForm(initial={"version": apv.version})
    context = {
        "apv": apv,
        "groups": groups_of(apv),
        "signals": signals_of(apv),
        "illustrative": osv.ILLUSTRATIVE if osv.ILLUSTRATIVE in apv.validation_warnings else "",
        "unseen": unseen_characters(apv.patch_diff),
        "decisions": [(one, effect(apv, one.decision)) for one in decisions],
        "listing": listing,
        "may_decide": services.may_decide(request.user, apv),
        "form": form,
        "options": form.options(apv),
        **_watching(request, positions),
    }
    return render(request, "console/apv.html", context, status=status)


def _queue_context(request: HttpRequest) -> dict[str, Any]:
    listing = LISTINGS.get(request.GET.get("status", ""), PENDING)
    if listing is DECIDED and not _sees_decisions(request):
        raise PermissionDenied("You may read APVs, but not the decisions on them.")
    queue = read_queue(listing, _skip(request.GET.get("skip", "")))
    return {
        "queue": queue,
        "sees_decisions": _sees_decisions(request),
        "page_size": PAGE,
        "sees_stats": request.user.has_perm("reviews.view_stats"),
        **_watching(request, queue.positions),
    }


def _watching(request: HttpRequest, positions: dict[str, Position]) -> dict[str, str]:
    """What the page's script needs to go on from where the page was read."""
    watch = {
        "channels": channels_of(request.user),
        "outcomes": {verb: status.label for verb, (status, _) in OUTCOME.items()},
    }
    return {"watch": json.dumps(watch), "positions": json.dumps(_readable(request, positions))}


def _readable(request: HttpRequest, positions: dict[str, Position]) -> dict[str, Any]:
    mine = channels_of(request.user)
    return {name: one.model_dump() for name, one in positions.items() if name in mine}


def _skip(text: str) -> int:
    """The number in `text`, or 0: a mistyped page is the first one."""
    short = text.isascii() and text.isdigit() and len(text) < 10
    return int(text) if short else 0


def _ids(text: str) -> list[UUID]:
    """The ids in a comma-separated `text`, up to a page of them; what is no id is passed over."""
    found = []
    for part in text.split(",")[:PAGE]:
        try:
            found.append(UUID(part))
        except ValueError:
            continue
    return found
