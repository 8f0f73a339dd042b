"""The pages and their parts, put together: what a view answers with."""

import json
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.socket_access import readable_channels
from realtime import log
from realtime.messages import Position, wire_time
from realtime.snapshot import snapshot
from reviews import presence, services
from reviews.console import confidence, diffs
from reviews.console.access import Request
from reviews.console.alike import alike
from reviews.console.changes import seen
from reviews.console.diff_rows import Options
from reviews.console.effects import effect
from reviews.console.elsewhere import find_elsewhere
from reviews.console.evidence import Evidence
from reviews.console.excuses import excused
from reviews.console.facts import FIRST_TAB, TABS
from reviews.console.filters import SORTS, asked
from reviews.console.forms import ConsoleForm
from reviews.console.queue import (
    COUNTED,
    DECIDED,
    LISTINGS,
    PAGE,
    PENDING,
    Asked,
    Listing,
    Queue,
    listing_of,
    orders_of_severities,
    read_queue,
)
from reviews.console.words import kinds, words
from reviews.decision_kinds import DecisionKind
from reviews.models import APV, JUSTIFICATION_LENGTH
from reviews.orders import DECISIONS
from reviews.permissions import Permission

EMBEDDED_DIFF = 20_000
"""Longer diffs, in characters, are loaded when they are looked at."""
TAB_COOKIE, DIFF_COOKIE = "hitl_tab", "hitl_diff"


def wants_reading(request: Request) -> bool:
    """Whether a script asks for the APV alone, and not for the page around it."""
    return bool(request.htmx) and not request.htmx.history_restore_request


def answer_with_apv(
    request: Request,
    code: str,
    form: ConsoleForm | None = None,
    *,
    status: int = 200,
    reread: bool = False,
) -> HttpResponse:
    """The APV, in the page around it unless a script asks for the APV alone."""
    context = reading_context(request, code, form, reread=reread)
    if wants_reading(request):
        return render(request, "console/_reading.html", context, status=status)
    ask = asked_of(request, context["listing"])
    return page(request, read_queue(ask, around=code), context, status=status, opened=True)


def reading(request: Request, code: str, *, seen_before: str = "") -> HttpResponse:
    """The APV alone, as a script asks for it; nothing where `code` is ""."""
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
    """The whole page: the queue, and what `reading` says of the APV beside it."""
    watch = {
        "channels": readable_channels(request.user),
        "words": words(),
        "kinds": kinds(),
        "orders": orders_of_severities(),
        "user": request.user.pk,
        "beat": presence.BEAT_SECONDS * 1000,
        "now": wire_time(timezone.now()),
    }
    context = {
        **queue_context(request, queue),
        **reading,
        "opened": opened,
        "open_code": reading["apv"].apv_code if "apv" in reading else "",
        "watch": json.dumps(watch),
        "keys": [(kind.traits.key, kind.label) for kind in DecisionKind],
    }
    return render(request, "console/console.html", context, status=status)


def queue_context(request: Request, queue: Queue) -> dict[str, Any]:
    """What the templates of the list need."""
    return {
        "queue": queue,
        "kept": queue.asked.kept,
        "page_size": PAGE,
        "counted": COUNTED,
        "sorts": SORTS,
        "elsewhere": find_elsewhere(queue, sees_decisions=sees_decisions(request)),
        "sees_decisions": sees_decisions(request),
        "sees_stats": request.user.has_perm(Permission.VIEW_STATS),
        "positions": json.dumps(readable(request, queue.positions)),
    }


@excused
def reading_context(
    request: Request,
    code: str,
    form: ConsoleForm | None = None,
    *,
    reread: bool = False,
    seen_before: str = "",
) -> dict[str, Any]:
    """What the templates of an APV need.

    With `reread`, or what was `seen_before`, it says what changed since.
    """
    is_open = sees_decisions(request)
    with snapshot():
        apv = get_object_or_404(APV, apv_code=code)
        decisions = list(apv.decisions.order_by(*DECISIONS.by)) if is_open else []
        positions = log.positions()
        others = alike(apv, sees_decisions=is_open)
    form = form or ConsoleForm(initial={"version": apv.version, "seen": seen_before or seen(apv)})
    changed = form.differences(apv) if reread or seen_before else []
    if reread:
        form.read_again(apv)
    elif seen_before:
        form.initial.update(seen=seen(apv), since=seen_before)
    return {
        "apv": apv,
        "evidence": Evidence(apv),
        "alike": others,
        "chosen_tab": _tab(request),
        "decisions": [
            (one, effect(apv, one.decision), confidence.in_words(one.confidence))
            for one in decisions
        ],
        "listing": listing_of(apv.status, sees_decisions=is_open),
        "kept": kept_of(request),
        "may_decide": services.may_decide(request.user, apv),
        "form": form,
        "options": form.options(apv),
        "changed": changed,
        "diff": diff_of(request, apv) if len(apv.patch_diff) <= EMBEDDED_DIFF else None,
        "justification_length": JUSTIFICATION_LENGTH,
        "reading_positions": json.dumps(readable(request, positions)),
    }


def diff_of(request: Request, apv: APV) -> diffs.Page:
    """The diff as `_diff.html` shows it, from the section `first` on."""
    first = _number(request, "first")
    return diffs.page_of(apv.patch_diff, diff_options(request), first)


def answer_with_diff(request: Request, apv: APV) -> HttpResponse:
    """The diff; of it the line or the section that the address asks for."""
    if "line" in request.GET:
        number = _number(request, "line")
        line = _found(diffs.line_of(apv.patch_diff, number))
        context = {"apv": apv, "number": number, "line": line}
        return render(request, "console/diff_line.html", context)
    if "section" in request.GET:
        start = _number(request, "from")
        asked_for = _number(request, "section")
        options = diff_options(request)
        section = _found(diffs.section_of(apv.patch_diff, options, asked_for, start))
        template = "console/_diff_rows.html" if request.htmx else "console/diff_section.html"
        return render(request, template, {"apv": apv, "section": section})
    template = "console/_diff.html" if request.htmx else "console/diff.html"
    return render(request, template, {"apv": apv, "diff": diff_of(request, apv)})


def _number(request: Request, name: str) -> int:
    """The number that the address gives; 0 where it gives none that can be one."""
    given = request.GET.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0


Found = TypeVar("Found")


def _found(what: Found | None) -> Found:
    if what is None:
        raise Http404
    return what


def diff_options(request: Request) -> Options:
    """How the diff is shown: as asked for, else as the last time."""
    view, space, wrap = (*request.COOKIES.get(DIFF_COOKIE, "").split("-"), "", "", "")[:3]
    return Options(
        "split" if request.GET.get("view", view) == "split" else "unified",
        "ignored" if request.GET.get("space", space) == "ignored" else "shown",
        "scroll" if request.GET.get("wrap", wrap) == "scroll" else "wrap",
    )


def _tab(request: Request) -> str:
    """The tab that was open last: it stays open from one APV to the next."""
    tab = request.COOKIES.get(TAB_COOKIE, "")
    return tab if tab in TABS else FIRST_TAB


def asked_of(request: Request, default: Listing = PENDING) -> Asked:
    """The list that the address asks for; raises PermissionDenied for one it may not be."""
    listing = LISTINGS.get(request.GET.get("status", ""), default)
    if listing is DECIDED and not sees_decisions(request):
        raise PermissionDenied(_("You may read APVs, but not the decisions on them."))
    query = request.GET.copy()
    if listing is PENDING:
        query.pop("status", None)
    else:
        query["status"] = listing.name
    return Asked(listing, query)


def path_beside(request: Request) -> str:
    """The address of the APV that is open beside a list, or of the queue."""
    try:
        path = (request.htmx.current_url_abs_path or "").partition("?")[0]
    except ValueError:  # the header names no address
        path = ""
    return path if path.startswith("/apvs/") else reverse("console")


def kept_of(request: Request) -> str:
    """The list that an APV is read beside, as a query."""
    return asked(request.GET)


def sees_decisions(request: Request) -> bool:
    """Whether the user may read decisions."""
    return bool(request.user.has_perm(Permission.VIEW_DECISION))


def readable(request: Request, positions: dict[str, Position]) -> dict[str, Any]:
    """Those of `positions` that the user may read, as JSON."""
    mine = readable_channels(request.user)
    return {name: one.model_dump() for name, one in positions.items() if name in mine}
