"""The admin of deadlines: the rules, kept by those who manage policies, and their recounts."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from realtime.admin_base import BoundedSearch, ReadOnlyAdmin
from reviews.deadlines import counting
from reviews.errors import InvalidInput
from reviews.models import Deadline, DeadlineRule, Recount
from reviews.permissions import Permission
from reviews.services import deadlines

FIELDS = (
    *("name", "order", "is_active", "filter", "hours", "warn_hours"),
    *("counting", "timetable", "time_zone", "holidays"),
    *("group", "user", "assigns"),
)


HELP = {
    "order": gettext_lazy(
        "Of rules with the same deadline, the one with the lower number is named."
    ),
    "filter": gettext_lazy(
        "As in the address of the queue, such as severity=CRITICAL,HIGH. Left empty, all APVs."
    ),
    "warn_hours": gettext_lazy("0 for no warning."),
    "timetable": gettext_lazy(
        "A line for each day or range of days, such as: mon-fri 09:00-12:30, 13:30-18:00"
    ),
    "time_zone": gettext_lazy("Such as Europe/Lisbon."),
    "holidays": gettext_lazy(
        "A line for each day without working hours, such as: 2026-12-25 Christmas"
    ),
    "group": gettext_lazy(
        "Whom to tell when the time is over, and to warn if nobody works on the APV. Or a person."
    ),
    "assigns": gettext_lazy("Otherwise they are only told. No rule ever decides."),
}


class RuleForm(forms.ModelForm):
    """A rule; the service's own checks say what is wrong with it."""

    class Meta:
        model = DeadlineRule
        fields = FIELDS
        widgets = {
            "filter": forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
            "timetable": forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
            "holidays": forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
        }
        help_texts = HELP

    def clean(self) -> dict[str, Any]:
        """Check the rule as the service will: no other rule changes until it has saved this one."""
        counting.lock_rules(shared=False)
        given = super().clean() or {}
        if self.errors:
            return given
        rule = DeadlineRule(pk=self.instance.pk)
        for name in FIELDS:
            setattr(rule, name, given.get(name))
        try:
            deadlines.check(rule)
        except InvalidInput as error:
            for name, reasons in error.errors.items():
                self.add_error(name, reasons)
        return given

    def _post_clean(self) -> None:
        """Leave the row as it is: the service changes it."""


@admin.register(DeadlineRule)
class DeadlineRuleAdmin(BoundedSearch):
    """Rules for deadlines. One that is not wanted any more is made inactive."""

    form = RuleForm
    list_display = ["name", "order", "is_active", "filter", "hours", "counting", "whom", "waiting"]
    list_filter = ["is_active", "counting"]
    list_select_related = ["user", "group"]
    ordering = ["order", "name"]
    fieldsets = [
        (None, {"fields": ["name", "order", "is_active", "filter"]}),
        (gettext_lazy("Time"), {"fields": ["hours", "warn_hours", "counting"]}),
        (gettext_lazy("Working hours"), {"fields": ["timetable", "time_zone", "holidays"]}),
        (gettext_lazy("Escalation"), {"fields": ["group", "user", "assigns"]}),
    ]

    @admin.display(description=gettext_lazy("escalated to"))
    def whom(self, rule: DeadlineRule) -> str:
        return rule.escalates_to or _("nobody")

    @admin.display(description=gettext_lazy("open APVs"))
    def waiting(self, rule: DeadlineRule) -> str:
        return number_format(Deadline.objects.filter(rule=rule).count(), force_grouping=True)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name == "user":
            options["queryset"] = User.objects.filter(is_active=True).order_by("username")
        return super().formfield_for_foreignkey(db_field, request, **options)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(Permission.MANAGE_POLICIES)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(Permission.MANAGE_POLICIES)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_manager = request.user.has_perm(Permission.MANAGE_POLICIES)
        return is_manager or super().has_view_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: DeadlineRule, form: Any, change: bool) -> None:
        """Save through the service, which records it."""
        given = {name: form.cleaned_data[name] for name in FIELDS}
        saved = deadlines.save_rule(by=request.user, rule_id=obj.pk, **given)
        obj.pk, obj.name = saved.pk, saved.name
        recount = Recount.objects.first()
        if recount is not None and recount.ended_at is None:
            message = ngettext(
                "{count} open APV is counted anew.",
                "{count} open APVs are counted anew.",
                recount.total,
            )
            shown = number_format(recount.total, force_grouping=True)
            self.message_user(request, message.format(count=shown), messages.INFO)


@admin.register(Recount)
class RecountAdmin(ReadOnlyAdmin):
    """How far the recounts have come that follow changes of rules."""

    list_display = ["began_at", "ended_at", "done", "total", "changed"]
    list_display_links = None
    ordering = ["-pk"]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(Permission.MANAGE_POLICIES)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)
