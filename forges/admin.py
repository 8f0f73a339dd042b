"""The admin of forges: connect them, watch repositories, look at what came."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminURLFieldWidget
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from forges import connecting
from forges.forms import ForgeForm
from forges.models import Delivery, Forge, ForgeAccount, PullRequest, Repository
from forges.webhooks.inbox import process_again
from realtime.admin_base import BoundedSearch, ReadOnlyAdmin

SHOWN_CHARACTERS = 20_000
"""How much of a body or a diff a page shows."""


@admin.register(Forge)
class ForgeAdmin(BoundedSearch):
    """Forges. Their credentials are entered here, and never shown."""

    form = ForgeForm
    formfield_overrides = {
        models.URLField: {"assume_scheme": "https", "widget": AdminURLFieldWidget}
    }
    list_display = ["name", "kind", "url", "is_well", "checked_at"]
    search_fields = ["name", "url"]
    readonly_fields = ["webhook", "checked_at", "problem"]
    fieldsets = [
        (None, {"fields": ["name", "kind", "url", "api_url", "ca_certificates"]}),
        (_("Credentials"), {"fields": ["token", "app_id", "installation_id", "private_key"]}),
        (_("Webhooks"), {"fields": ["webhook", "webhook_secret", "forget_old_secrets"]}),
        (_("State"), {"fields": ["checked_at", "problem"]}),
    ]

    @admin.display(description=_("well"), boolean=True)
    def is_well(self, forge: Forge) -> bool:
        return not forge.problem

    @admin.display(description=_("address"))
    def webhook(self, forge: Forge) -> str:
        return reverse("forge-webhook", args=[forge.name]) if forge.pk else "–"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*self.readonly_fields, "name"] if obj else self.readonly_fields

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Leave out the fields of the form alone, for those who may only look."""
        if self.has_change_permission(request, obj) or obj is None:
            return self.fieldsets
        own = set(ForgeForm.declared_fields)
        return [
            (title, {"fields": [one for one in options["fields"] if one not in own]})
            for title, options in self.fieldsets
            if not own.issuperset(options["fields"])
        ]

    def save_model(self, request: HttpRequest, obj: Forge, form: Any, change: bool) -> None:
        connecting.save(obj)
        said = gettext("Connected as {account}.").format(account=form.grants.account)
        self.message_user(request, said)
        if form.grants.missing:
            lacks = gettext("The credentials lack: {what}.")
            what = ", ".join(form.grants.missing)
            self.message_user(request, lacks.format(what=what), messages.WARNING)

    def delete_model(self, request: HttpRequest, obj: Forge) -> None:
        connecting.delete(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Forge]) -> None:
        for forge in queryset:
            connecting.delete(forge)


@admin.register(Repository)
class RepositoryAdmin(BoundedSearch):
    """Repositories: which pull requests are taken in, and how decisions are carried out."""

    list_display = ["path", "forge", "watched", "synced_at", "is_well"]
    list_filter = ["watched", "forge"]
    list_select_related = ["forge"]
    search_fields = ["path"]
    readonly_fields = ["remote_id", "synced_at", "problem"]
    fieldsets = [
        (None, {"fields": ["forge", "path", "watched"]}),
        (_("What is taken in"), {"fields": ["labels", "branches", "takes_unfixing"]}),
        (
            _("What decisions do"),
            {"fields": ["merge_method", "deletes_branch", "assignee", "names_reviewers"]},
        ),
        (_("State"), {"fields": ["remote_id", "synced_at", "problem"]}),
    ]

    @admin.display(description=_("well"), boolean=True)
    def is_well(self, repository: Repository) -> bool:
        return not repository.problem

    def save_model(self, request: HttpRequest, obj: Repository, form: Any, change: bool) -> None:
        connecting.save_repository(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A repository that was read stays on record; it can be left unwatched."""
        return False


@admin.register(ForgeAccount)
class ForgeAccountAdmin(BoundedSearch):
    """Which account of a forge belongs to which user, for policies about authors."""

    list_display = ["name", "forge", "user"]
    list_filter = ["forge"]
    list_select_related = ["forge", "user"]
    search_fields = ["name", "user__username"]
    autocomplete_fields = ["user"]
    ordering = ["forge__name", "name"]


@admin.register(PullRequest)
class PullRequestAdmin(ReadOnlyAdmin):
    """Pull requests, as they were last read."""

    list_display = ["__str__", "title", "author", "state", "forge_updated_at", "read_at"]
    list_filter = ["state", "author_is_bot", "repository"]
    list_select_related = ["repository"]
    search_fields = ["title", "author", "head_ref", "head_sha"]
    show_full_result_count = False
    fields = [
        *("repository", "number", "url", "title", "author", "author_is_bot", "labels"),
        *("head_ref", "head_sha", "from_fork", "base_ref", "base_sha", "state", "draft"),
        *("mergeable", "checks", "merged_sha", "ended_by", "ended_at", "forge_updated_at"),
        *("read_at", "message", "beginning", "diff_problem"),
    ]

    @admin.display(description=_("diff"))
    def beginning(self, pull_request: PullRequest) -> str:
        return _code(pull_request.diff)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """Webhooks that were received."""

    list_display = ["received_at", "forge", "event", "state", "note", "processed_at"]
    list_filter = ["state", "forge", "received_at"]
    list_select_related = ["forge"]
    search_fields = ["delivery_id", "event", "note"]
    ordering = ["-received_at"]
    show_full_result_count = False
    fields = [
        *("forge", "delivery_id", "event", "state", "note", "received_at", "processed_at"),
        "content",
    ]
    actions = ["process_again"]

    @admin.display(description=_("body"))
    def content(self, delivery: Delivery) -> str:
        return _code(bytes(delivery.body).decode(errors="replace"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        return super().get_queryset(request).defer("body")

    def has_process_permission(self, request: HttpRequest) -> bool:
        """Who may change forges may have webhooks processed again."""
        return request.user.has_perm("forges.change_forge")

    @admin.action(description=_("Process again"), permissions=["process"])
    def process_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        chosen = list(queryset)
        for delivery in chosen:
            process_again(delivery)
        said = ngettext(
            "{count} webhook is processed again.",
            "{count} webhooks are processed again.",
            len(chosen),
        )
        self.message_user(request, said.format(count=len(chosen)))


def _code(text: str) -> str:
    return format_html("<pre>{}</pre>", Truncator(text).chars(SHOWN_CHARACTERS))
