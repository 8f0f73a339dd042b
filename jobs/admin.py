"""The admin of jobs: look at them, and run again those that failed."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateEvent, ProcrastinateJob
from procrastinate.exceptions import ConnectorException

from accounts.admin_words import reword
from audit import entries
from audit.choices import AuditAction
from realtime import clock
from realtime.admin_base import ReadOnlyAdmin, ReadOnlyInline
from realtime.transactions import publishing

admin.site.unregister(ProcrastinateJob)  # its actions are for everybody who may look
reword(
    ProcrastinateJob,
    _("job"),
    _("jobs"),
    task_name=_("task"),
    status=_("state"),
    attempts=_("attempts"),
    scheduled_at=_("not before"),
    args=_("arguments"),
    priority=_("priority"),
)
reword(
    ProcrastinateEvent,
    _("event of the job"),
    _("events of the job"),
    at=_("at"),
    type=_("what happened"),
)
apps.get_app_config("procrastinate").verbose_name = _("Jobs")

STATES = {
    "todo": _("waiting"),
    "doing": _("running"),
    "failed": _("failed"),
    "cancelled": _("cancelled"),
    "aborted": _("aborted"),
}


class StateFilter(admin.SimpleListFilter):
    """Jobs in one state, which procrastinate names in English only."""

    title = _("state")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state, str(words)) for state, words in STATES.items()]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[ProcrastinateJob]
    ) -> QuerySet[ProcrastinateJob]:
        state = self.value()
        return queryset.filter(status=state) if state in STATES else queryset


class EventsOfJob(ReadOnlyInline):
    """What happened to a job, and when."""

    model = ProcrastinateEvent
    fields = readonly_fields = ("at", "type")
    ordering = ["at", "pk"]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True  # with the job


@admin.register(ProcrastinateJob)
class JobAdmin(ReadOnlyAdmin):
    """Jobs that wait, run or failed; those that succeeded are deleted."""

    list_display = ["pk", "task_name", "args", "state", "attempts", "scheduled_at"]
    list_filter = [StateFilter, "task_name"]
    ordering = ["-pk"]
    show_full_result_count = False
    fields = ["task_name", "args", "state", "attempts", "scheduled_at", "priority"]
    inlines = [EventsOfJob]
    actions = ["run_again"]

    @admin.display(description=_("state"), ordering="status")
    def state(self, job: ProcrastinateJob) -> str:
        return str(STATES.get(job.status, job.status))

    def has_run_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("procrastinate.change_procrastinatejob")

    @admin.action(description=_("Run again, if it failed"), permissions=["run"])
    def run_again(self, request: HttpRequest, queryset: QuerySet[ProcrastinateJob]) -> None:
        failed = [job for job in queryset.filter(status="failed") if _ran_again(job)]
        said = ngettext("{count} job runs again.", "{count} jobs run again.", len(failed))
        self.message_user(request, said.format(count=len(failed)))


def _ran_again(job: ProcrastinateJob) -> bool:
    """Put a job back into the queue; return False if it is not failed any more."""
    try:
        with publishing():
            app.job_manager.retry_job_by_id(job.pk, clock.now())
            about = f"job {job.pk} {job.task_name}"
            entries.record(AuditAction.JOB_CHANGED, about, change="runs again")
    except ConnectorException:
        return False
    return True
