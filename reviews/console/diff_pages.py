"""Responses with the diff of an APV: whole, by section, or one line."""

from typing import TypeVar

from django.http import Http404, HttpResponse
from django.shortcuts import render

from reviews.console import diffs
from reviews.console.access import Request
from reviews.console.comment_state import Comments
from reviews.console.diff_rows import Options
from reviews.console.list_query import kept_of
from reviews.models import APV
from reviews.patch_places import read_place

DIFF_COOKIE = "hitl_diff"
Found = TypeVar("Found")


def diff_of(request: Request, apv: APV, comments: Comments) -> diffs.Page:
    """Return the context with which `_diff.html` shows the diff, from the section `first` on."""
    first = _number(request, "first")
    return diffs.page_of(apv.patch_diff, diff_options(request), first, comments.by_section)


def answer_with_diff(request: Request, apv: APV) -> HttpResponse:
    """Return the diff, or the section, line or place that the query names."""
    if "line" in request.GET:
        number = _number(request, "line")
        line = _found(diffs.line_of(apv.patch_diff, number))
        context = {"apv": apv, "number": number, "line": line}
        return render(request, "console/diff_line.html", context)
    comments = Comments(apv, request.user)
    context = {"apv": apv, "comments": comments, "kept": kept_of(request)}
    if "section" in request.GET or "place" in request.GET:
        section = _found(_section(request, apv, comments))
        template = "console/_diff_rows.html" if request.htmx else "console/diff_section.html"
        return render(request, template, {**context, "section": section})
    template = "console/_diff.html" if request.htmx else "console/diff.html"
    return render(request, template, {**context, "diff": diff_of(request, apv, comments)})


def _section(request: Request, apv: APV, comments: Comments) -> diffs.Section | None:
    """Return the section that the query names by its number, or by a line in it."""
    options = diff_options(request)
    number, start = _number(request, "section"), _number(request, "from")
    if place := read_place(request.GET.get("place", "")):
        number, start = _found(diffs.row_of(apv.patch_diff, options, place))
    return diffs.section_of(apv.patch_diff, options, number, start, comments.by_section)


def _number(request: Request, name: str) -> int:
    """Return the number in the query; 0 if there is no valid one."""
    given = request.GET.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0


def _found(what: Found | None) -> Found:
    if what is None:
        raise Http404
    return what


def diff_options(request: Request) -> Options:
    """Return the display options from the query, or those of the last time."""
    view, space, wrap = (*request.COOKIES.get(DIFF_COOKIE, "").split("-"), "", "", "")[:3]
    return Options(
        "split" if request.GET.get("view", view) == "split" else "unified",
        "ignored" if request.GET.get("space", space) == "ignored" else "shown",
        "scroll" if request.GET.get("wrap", wrap) == "scroll" else "wrap",
    )
