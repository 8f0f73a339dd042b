"""The admin of the review: APVs and the form to decide, decisions, what they do, and deadlines."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.admin.people import RIGHTS
from reviews.admin import apvs, deadlines, decisions, effects  # noqa: F401 — registers them

admin.site.site_header = admin.site.site_title = "HITL Console"
admin.site.index_title = _("Administration")

RIGHTS.update(
    {
        "decide_apv": pgettext_lazy("permission", "decide on pending ones"),
        "decide_escalated": pgettext_lazy("permission", "decide on escalated ones"),
        "decide_on_behalf": pgettext_lazy("permission", "decide under another reviewer's name"),
        "report_outcome": pgettext_lazy("permission", "report what became of decisions"),
        "view_stats": pgettext_lazy("permission", "view the statistics"),
    }
)
