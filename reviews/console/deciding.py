"""Deciding in the console: a form is recorded, after a question where there is something to ask."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django_htmx.http import trigger_client_event

from realtime.compiled_queries import CompiledQuery
from reviews import services
from reviews.api import problems
from reviews.console.access import Request
from reviews.console.changes import differences
from reviews.console.effects import RECORDED, recorded, recorded_words
from reviews.console.forms import ConsoleForm
from reviews.console.list_query import asked_of, kept_of
from reviews.console.listings import listing_of
from reviews.console.pages import answer_with_apv, reading
from reviews.console.question import GO_BACK, SEAL, Question, check_seal
from reviews.console.undoing import undo_of
from reviews.errors import AlreadyApproved, AlreadyDecided, Conflict, NotAllowed, ReviewError
from reviews.models import APV, Decision
from reviews.permissions import Permission

BY_CODE = CompiledQuery(lambda code: APV.objects.filter(apv_code=code), sample="no APV")


def decide(request: Request, code: str) -> HttpResponse:
    """Record a sent form, or respond with the question; record the answer of that."""
    apv = _apv_or_404(code)
    form = ConsoleForm(request.POST)
    if not request.user.has_perm(Permission.DECIDE_APV):
        form.take(NotAllowed(_("You may read APVs, but not decide on them.")))
        return answer_with_apv(request, code, form, status=403)
    if GO_BACK in request.POST:
        return answer_with_apv(request, code, form)
    if not form.is_valid():
        return answer_with_apv(request, code, form, status=400)
    try:
        if SEAL in request.POST:
            check_seal(request.POST[SEAL], request.user, apv, form.given)
        elif (question := _question(request, apv, form)) is not None:
            return _ask(request, question)
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


def _apv_or_404(code: str) -> APV:
    for apv in BY_CODE.rows(code):
        return apv
    raise Http404


def _question(request: Request, apv: APV, form: ConsoleForm) -> Question | None:
    """Return what to ask before the decision; None if there is nothing to ask.

    A page without scripts has no bar that undoes a decision, so it always asks.
    """
    try:
        services.check(apv=apv, reviewer=request.user, **form.given)
    except (AlreadyDecided, AlreadyApproved) as error:
        if _is_same(error.decision, request.user, form.given):
            return None
        raise
    texts = {name: form.cleaned_data[name] for name in ("seen", "since")}
    changed = differences(apv, texts["since"])
    question = Question(apv, request.user, form.given, changed, **texts)
    return None if request.htmx and question.is_needless else question


def _ask(request: Request, question: Question) -> HttpResponse:
    """Ask for confirmation, with everything that would be recorded."""
    template = "console/_question.html" if request.htmx else "console/question.html"
    context = {"question": question, "apv": question.apv, "kept": kept_of(request)}
    return render(request, template, context)


def _record(request: Request, apv: APV, given: dict[str, Any]) -> Decision:
    """Record the decision, or find it recorded: the first response may have been lost."""
    try:
        return services.decide(apv_id=apv.pk, reviewer=request.user, **given)
    except (AlreadyDecided, AlreadyApproved) as error:
        if _is_same(error.decision, request.user, given):
            return error.decision
        raise


def _is_same(standing: Decision, user: Any, given: dict[str, Any]) -> bool:
    """Return whether a decision is what `user` sent."""
    same = all(getattr(standing, name) == given[name] for name in given if name != "version")
    return same and standing.reviewer_id == user.pk


def _tell(request: Request, apv: APV, decision: Decision) -> HttpResponse:
    """Show that a decision is recorded, and continue."""
    if request.htmx:
        undo = undo_of(decision, request.user)
        said = {"code": apv.apv_code, "text": recorded(decision), "undo": undo}
        return trigger_client_event(reading(request, apv.apv_code), "decided", said, after="swap")
    link = format_html('<a href="{}">{}</a>', reverse("apv", args=[apv.apv_code]), apv.apv_code)
    messages.success(request, format_html(str(RECORDED), code=link, **recorded_words(decision)))
    kept = asked_of(request, listing_of(apv.status))
    return redirect(kept.address())
