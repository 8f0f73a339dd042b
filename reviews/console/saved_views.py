"""Saved views: as tabs above the queue, with their counts, and the page that keeps them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.db.models import IntegerField, Subquery
from django.http import HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import cached_property
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from reviews import services
from reviews.api import problems
from reviews.console.access import Request, readers_only
from reviews.console.filters import PRIORITY, SORTS
from reviews.console.list_query import COUNTED, ListQuery, asked_of
from reviews.console.listings import PENDING
from reviews.console.team import words_of
from reviews.errors import ReviewError
from reviews.filters import Filter, Person, read_leniently
from reviews.models import APV, SavedView
from reviews.permissions import Permission
from reviews.services.saving_views import LONGEST_NAME


class CountOf(Subquery):
    """The number of rows of a query."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field: Any = IntegerField()


def count_views(views: Iterable[SavedView], user: Any) -> dict[int, int]:
    """Return how many pending APVs each view has, up to one more than COUNTED, in one query."""
    found = list(views)
    person = Person.of(user) if any(terms_of(one).personal for one in found) else Person()
    counts = [CountOf(_rows(one, person).values("pk")[: COUNTED + 1]) for one in found]
    if not counts:
        return {}
    [numbers] = get_user_model()._default_manager.filter(pk=user.pk).values_list(*counts)
    return {one.pk: number for one, number in zip(found, numbers, strict=True)}


def _rows(view: SavedView, person: Person) -> Any:
    return APV.objects.pending().filter(terms_of(view).of(person).q()).order_by()


def terms_of(view: SavedView) -> Filter:
    """Return the filter of a view, without what an earlier release could read and this cannot."""
    return read_leniently(dict(QueryDict(view.filter).lists()))


def address_of(view: SavedView) -> str:
    """Return the address of the queue as a view shows it."""
    sort = "" if view.sort == PRIORITY else f"sort={view.sort}"
    query = "&".join(part for part in (view.filter, sort) if part)
    return reverse("console") + (f"?{query}" if query else "")


@dataclass(frozen=True)
class Tab:
    """A saved view above the list; `begins_own` is the first after the shared ones."""

    view: SavedView
    is_current: bool
    begins_own: bool

    @property
    def address(self) -> str:
        return address_of(self.view)


class Tabs:
    """The saved views that a user sees above a list."""

    def __init__(self, asked: ListQuery, user: Any) -> None:
        self.asked = asked
        self.user = user

    @cached_property
    def views(self) -> list[SavedView]:
        return list(SavedView.objects.seen_by(self.user))

    def __iter__(self) -> Any:
        before = True
        for view in self.views:
            yield Tab(view, self._is_current(view), before and not view.is_shared)
            before = view.is_shared

    def _is_current(self, view: SavedView) -> bool:
        asked = self.asked
        return asked.listing is PENDING and (asked.filter.applied.text, asked.sort) == (
            view.filter,
            view.sort,
        )

    @property
    def may_save(self) -> bool:
        """Return whether the list shows something that no view keeps yet."""
        narrowed = self.asked.listing is PENDING and not self.asked.is_plain
        return narrowed and not any(map(self._is_current, self.views))


@dataclass(frozen=True)
class Kept:
    """A view on the page that keeps views."""

    view: SavedView
    count: int
    may_change: bool

    @property
    def address(self) -> str:
        return address_of(self.view)

    @property
    def words(self) -> str:
        return in_words(terms_of(self.view).words, self.view.sort)

    @property
    def uncounted(self) -> bool:
        return self.count > COUNTED


def in_words(terms: str, sort: str) -> str:
    """Return a filter and its order for people; the usual order goes without saying."""
    order = "" if sort == PRIORITY else str(SORTS[sort])
    return "; ".join(part for part in (terms, order) if part)


@readers_only
@require_safe
def view_counts(request: Request) -> JsonResponse:
    """Return the counts of the user's views by id, for a page that received events."""
    return JsonResponse(count_views(SavedView.objects.seen_by(request.user), request.user))


@readers_only
@require_http_methods(["GET", "HEAD", "POST"])
def saved_views(request: Request) -> HttpResponse:
    """Show the views that the user sees, and save the list of the address; a POST saves it."""
    if request.method != "POST":
        return _page(request)
    given = {name: request.POST.get(name, "") for name in ("name", "filter", "sort")}
    try:
        view = services.save_view(by=request.user, shared="shared" in request.POST, **given)
    except ReviewError as error:
        return _page(request, refusal=words_of(error), status=int(problems.status_of(error)))
    return redirect(address_of(view))


@readers_only
@require_POST
def change_view(request: Request, pk: int) -> HttpResponse:
    """Rename, replace, move or delete a view."""
    view = get_object_or_404(SavedView.objects.seen_by(request.user), pk=pk)
    change = CHANGES.get(request.POST.get("what", ""))
    if change is None:
        return _page(request, status=400)
    try:
        change(view, request)
    except ReviewError as error:
        messages.warning(request, words_of(error))
    return redirect("views")


CHANGES: dict[str, Callable[[SavedView, Request], None]] = {
    "rename": lambda view, request: services.rename_view(
        view=view, by=request.user, name=request.POST.get("name", "")
    ),
    "replace": lambda view, request: services.replace_view(
        view=view,
        by=request.user,
        filter=request.POST.get("filter", ""),
        sort=request.POST.get("sort", ""),
    ),
    "up": lambda view, request: services.move_view(view=view, by=request.user, up=True),
    "down": lambda view, request: services.move_view(view=view, by=request.user, up=False),
    "delete": lambda view, request: services.delete_view(view=view, by=request.user),
}


def _page(request: Request, *, refusal: str = "", status: int = 200) -> HttpResponse:
    """Return the page of views; what was sent stays in its form if it was refused."""
    asked = asked_of(request)
    views = list(SavedView.objects.seen_by(request.user))
    counts = count_views(views, request.user)
    kept = [Kept(one, counts[one.pk], services.may_change_view(request.user, one)) for one in views]
    filter = request.POST.get("filter", asked.filter.applied.text)
    context = {
        "shared": [one for one in kept if one.view.is_shared],
        "own": [one for one in kept if not one.view.is_shared],
        "may_share": request.user.has_perm(Permission.MANAGE_VIEWS),
        "filter": filter,
        "sort": request.POST.get("sort", asked.sort),
        "filter_words": in_words(asked.filter.applied.words, asked.sort),
        "saves": bool(request.POST) or (asked.listing is PENDING and not asked.is_plain),
        "name": request.POST.get("name", ""),
        "shares": "shared" in request.POST,
        "refusal": refusal,
        "longest_name": LONGEST_NAME,
        "counted": COUNTED,
        "back": asked.kept,
    }
    return render(request, "console/views.html", context, status=status)
