"""Save views of the queue, change and delete them. Shared ones need a permission."""

from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext as _

from audit import entries
from audit.choices import AuditAction
from realtime.transactions import publishing
from reviews.errors import InvalidInput, NotAllowed
from reviews.filters import InvalidFilter, parse
from reviews.filters.kinds import at_most
from reviews.models import SavedView
from reviews.orders import QUEUE_SORTS
from reviews.permissions import Permission

LONGEST_NAME = 60
MOST = 20
"""Views of one person, and shared ones: a row of tabs holds no more."""


def save_view(*, by: Any, name: str, filter: str, sort: str, shared: bool = False) -> SavedView:
    """Save a filter of the queue by a name, after the others. Raise NotAllowed or InvalidInput."""
    owner = None if shared else by
    with publishing():
        view = SavedView(owner=owner, name=_name(name), **_contents(filter, sort))
        _check_may_change(view, by)
        others = list(_beside(view))
        if len(others) >= MOST:
            message = _("There are {most} already. Delete one first.")
            raise InvalidInput({"name": [message.format(most=MOST)]})
        view.position = others[-1].position + 1 if others else 0
        _store(view)
        _record(view, by, "saved")
    return view


def rename_view(*, view: SavedView, by: Any, name: str) -> None:
    """Raise NotAllowed or InvalidInput."""
    with publishing():
        _check_may_change(view, by)
        before, view.name = view.name, _name(name)
        if view.name != before:
            _store(view)
            _record(view, by, "renamed", before=before)


def replace_view(*, view: SavedView, by: Any, filter: str, sort: str) -> None:
    """Keep another filter under a view's name. Raise NotAllowed or InvalidInput."""
    with publishing():
        _check_may_change(view, by)
        for name, value in _contents(filter, sort).items():
            setattr(view, name, value)
        _store(view)
        _record(view, by, "replaced")


def move_view(*, view: SavedView, by: Any, up: bool) -> None:
    """Exchange a view with the one before or after it. Raise NotAllowed."""
    with publishing():
        _check_may_change(view, by)
        order = list(_beside(view))
        at = next((index for index, one in enumerate(order) if one.pk == view.pk), 0)
        other = at - 1 if up else at + 1
        if not 0 <= other < len(order):
            return
        order[at], order[other] = order[other], order[at]
        for position, one in enumerate(order):
            one.position = position
        SavedView.objects.bulk_update(order, ["position"])
        _record(view, by, "moved")


def delete_view(*, view: SavedView, by: Any) -> None:
    """Raise NotAllowed."""
    with publishing():
        _check_may_change(view, by)
        _record(view, by, "deleted")
        SavedView.objects.filter(pk=view.pk).delete()


def may_change(user: Any, view: SavedView) -> bool:
    """Return whether `user` may change a view: their own, or a shared one by a permission."""
    if view.is_shared:
        return bool(user.has_perm(Permission.MANAGE_VIEWS))
    return bool(view.owner_id == user.pk)


def _check_may_change(view: SavedView, by: Any) -> None:
    if not may_change(by, view):
        raise NotAllowed(_("You may not change this view."))


def _beside(view: SavedView) -> Any:
    """Return the views in one order with this one, locked."""
    rows = SavedView.objects.filter(owner=view.owner_id)
    return rows.select_for_update().order_by("position", "pk")


def _name(given: str) -> str:
    name = " ".join(given.split())
    if not name:
        raise InvalidInput({"name": [_("Give the view a name.")]})
    if len(name) > LONGEST_NAME or "\x00" in name:
        raise InvalidInput({"name": [at_most(LONGEST_NAME)]})
    return name


def _contents(filter: str, sort: str) -> dict[str, str]:
    """Return the filter in its one spelling, and the order. Raise InvalidInput."""
    if sort not in QUEUE_SORTS:
        message = _("Choose from {values}.")
        raise InvalidInput({"sort": [message.format(values=", ".join(QUEUE_SORTS))]})
    try:
        return {"filter": parse(filter, personal=True).text, "sort": sort}
    except InvalidFilter as error:
        reasons = [f"{name}: {' '.join(why)}" for name, why in error.errors.items()]
        raise InvalidInput({"filter": reasons}) from None


def _store(view: SavedView) -> None:
    try:
        with publishing():
            view.save()
    except IntegrityError:
        raise InvalidInput({"name": [_("Another view has this name.")]}) from None


def _record(view: SavedView, by: Any, what: str, **details: Any) -> None:
    """Record what happened to a shared view: those of one person are theirs alone."""
    if view.is_shared:
        about: dict[str, Any] = {"what": what, "filter": view.filter, "sort": view.sort, **details}
        entries.record(AuditAction.VIEW_CHANGED, view.name, actor=by, **about)
