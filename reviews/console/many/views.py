"""Views of batches: choose, ask, start, watch, stop, take back."""

from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from reviews.api import problems
from reviews.batches import starting
from reviews.batches.actions import ACTIONS, OFFERED
from reviews.batches.running import reasons
from reviews.console.access import Request, readers_only
from reviews.console.list_query import kept_of
from reviews.console.many.forms import BatchForm
from reviews.console.many.plan import Plan
from reviews.console.many.progress import Progress
from reviews.console.many.selection import Selection, read_selection
from reviews.console.question import GO_BACK
from reviews.errors import ReviewError
from reviews.models import Batch
from reviews.permissions import Permission

SHOWN = 20
"""How many batches the list of a person's own has."""


@readers_only
@require_http_methods(["GET", "HEAD", "POST"])
def batches(request: Request) -> HttpResponse:
    """Show one's own batches; a POST goes on to the next: the form, the question, the batch."""
    if request.method == "POST":
        return _go_on(request)
    own = Batch.objects.filter(user=request.user.pk).order_by("-created_at")[:SHOWN]
    context = {"batches": [Progress(one) for one in own]}
    return render(request, "console/batches.html", context)


def _go_on(request: Request) -> HttpResponse:
    if not request.user.has_perm(Permission.DECIDE_APV):
        raise PermissionDenied(_("You may read APVs, but not decide on them."))
    selection = read_selection(request)
    if GO_BACK in request.POST or "justification" not in request.POST:
        return _form(request, selection, BatchForm(initial=_initial(request)))
    form = BatchForm(request.POST)
    if not form.is_valid():
        return _form(request, selection, form, status=400)
    plan = _plan(request, selection, form)
    try:
        return _start(request, plan) if "seal" in request.POST else _ask(request, plan, form)
    except ReviewError as error:
        form.add_error(None, reasons(error))
        return _form(request, selection, form, status=problems.status_of(error))


def _plan(request: Request, selection: Selection, form: BatchForm) -> Plan:
    given = form.cleaned_data
    return Plan(
        ACTIONS[given["decision"]],
        request.user,
        selection.chosen,
        form.given,
        batch_id=given["batch"] or uuid4(),
    )


def _initial(request: Request) -> dict[str, Any]:
    """Return what the form begins with: what was sent, or what a batch before it had."""
    given: dict[str, Any] = {
        "decision": request.POST.get("decision") or request.POST.get("act", ""),
        "justification": request.POST.get("justification", ""),
    }
    try:
        before = Batch.objects.filter(user=request.user.pk, pk=UUID(request.POST["again"])).first()
    except (KeyError, ValueError):
        before = None
    if before is not None:
        given |= {"justification": before.justification, "confidence": before.confidence}
    return {"confidence": request.POST.get("confidence", ""), **given}


def _form(
    request: Request, selection: Selection, form: BatchForm, *, status: int = 200
) -> HttpResponse:
    context = {"selection": selection, "form": form, "actions": OFFERED, "most": starting.MOST}
    return _shown(request, "form", context, status=status)


def _ask(request: Request, plan: Plan, form: BatchForm) -> HttpResponse:
    if not plan.lines:
        form.add_error(None, [*_nothing(plan)])
        return _form(request, Selection(plan.chosen), form, status=400)
    return _shown(request, "question", {"plan": plan})


def _nothing(plan: Plan) -> list[str]:
    """Return why there is nothing to do, with the reasons that APVs are left out for."""
    why = dict.fromkeys(one.reason for one in plan.left_out)
    return (
        [_("It is possible with none of them."), *list(why)[:10]]
        if why
        else [_("Choose at least one APV.")]
    )


def _start(request: Request, plan: Plan) -> HttpResponse:
    plan.check_seal(request.POST["seal"])
    batch = starting.start(
        batch_id=plan.batch_id,
        user=request.user,
        action=plan.action.name,
        chosen=plan.chosen,
        address=request.META.get("REMOTE_ADDR", ""),
        **plan.given,
    )
    return _started(request, batch)


def _started(request: Request, batch: Batch) -> HttpResponse:
    if request.htmx:
        return _bar(request, batch)
    if not request.accepts("text/html"):  # the bar that undoes the last decision asks
        return JsonResponse({"batch": str(batch.pk)})
    return redirect("batch", batch.pk)


def _shown(request: Request, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """Return a step, in a page unless a script asks for it alone."""
    part = f"console/_batch_{name}.html"
    template = part if request.htmx else "console/batch_step.html"
    context = {**context, "part": part, "kept": kept_of(request)}
    return render(request, template, context, status=status)


def _own(request: Request, pk: UUID) -> Batch:
    """Return a batch of the user; nobody else's concerns them."""
    return get_object_or_404(Batch, pk=pk, user=request.user.pk)


def _bar(request: Request, batch: Batch) -> HttpResponse:
    return render(request, "console/_batch.html", {"progress": Progress(batch)})


@readers_only
@require_safe
def batch(request: Request, pk: UUID) -> HttpResponse:
    """Show how far a batch is, and what failed and why."""
    found = _own(request, pk)
    if request.htmx:
        return _bar(request, found)
    return render(request, "console/batch.html", {"progress": Progress(found)})


@readers_only
@require_safe
def last(request: Request) -> HttpResponse:
    """Show how far the last batch of the user is."""
    found = Batch.objects.filter(user=request.user.pk).order_by("-created_at").first()
    if found is None:
        raise Http404
    return _bar(request, found) if request.htmx else redirect("batch", found.pk)


@readers_only
@require_POST
def stop(request: Request, pk: UUID) -> HttpResponse:
    """Stop what of a batch has not begun."""
    found = _own(request, pk)
    starting.stop(found, request.user)
    return _started(request, found)


@readers_only
@require_POST
def undo(request: Request, pk: UUID) -> HttpResponse:
    """Take back what a batch decided, as far as that is still possible."""
    found = _own(request, pk)
    try:
        back = starting.undo(found, request.user, request.META.get("REMOTE_ADDR", ""))
    except ReviewError:
        back = found.undone_by.order_by("-created_at").first() or found
    return _started(request, back)
