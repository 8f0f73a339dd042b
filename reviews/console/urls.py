from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path, re_path
from django.views.i18n import set_language

from reviews.console import (
    comments,
    decision_views,
    justifications,
    notices,
    policies,
    saved_views,
    team,
    views,
)
from reviews.console.forms import SignInForm
from reviews.console.many import views as many

code = r"(?P<code>APV-[0-9]{4}-[0-9]{3,9})"
uuid = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

sign_in = LoginView.as_view(template_name="console/sign_in.html", authentication_form=SignInForm)

urlpatterns = [
    path("", views.console, name="console"),
    path("queue", views.queue_part, name="queue-part"),
    path("queue/counts", views.queue_counts, name="queue-counts"),
    path("queue/rows", views.queue_rows, name="queue-rows"),
    path("queue/next", team.next_free, name="queue-next"),
    re_path(rf"^apvs/{code}$", views.apv, name="apv"),
    re_path(rf"^apvs/{code}/team$", team.team_part, name="apv-team"),
    re_path(rf"^apvs/{code}/assign$", team.assign, name="assign"),
    re_path(rf"^apvs/{code}/claim$", team.claim, name="claim"),
    re_path(rf"^apvs/{code}/claim/take-over$", team.take_over, name="claim-take-over"),
    re_path(rf"^apvs/{code}/claim/release$", team.release, name="claim-release"),
    re_path(rf"^apvs/{code}/templates$", justifications.offered, name="apv-templates"),
    re_path(rf"^apvs/{code}/comments$", comments.comments, name="comments"),
    re_path(rf"^apvs/{code}/comments/(?P<pk>{uuid})$", comments.comment, name="comment"),
    re_path(rf"^apvs/{code}/state$", views.apv_state, name="apv-state"),
    re_path(rf"^apvs/{code}/related$", views.apv_related, name="apv-related"),
    re_path(rf"^apvs/{code}/reading$", views.apv_reading, name="apv-reading"),
    re_path(rf"^apvs/{code}/changes$", views.apv_changes, name="apv-changes"),
    re_path(rf"^apvs/{code}/diff$", views.apv_diff, name="apv-diff"),
    re_path(
        rf"^apvs/{code}/since/(?P<number>[1-9][0-9]{{0,8}})$", views.apv_since, name="apv-since"
    ),
    re_path(rf"^apvs/{code}\.diff$", views.apv_raw_diff, name="apv-raw-diff"),
    re_path(rf"^apvs/{code}\.json$", views.apv_json, name="apv-json"),
    path("decisions/last", decision_views.last_decision, name="last-decision"),
    path("decisions/<uuid:pk>/outcome", decision_views.outcome, name="outcome"),
    path("decisions/<uuid:pk>/retract", decision_views.retract, name="retract"),
    path("decisions/<uuid:pk>/try-again", decision_views.try_again, name="try-again"),
    path("decisions/<uuid:pk>/undo", decision_views.undo, name="undo"),
    path("notices", notices.notices, name="notices"),
    path("batches", many.batches, name="batches"),
    path("batches/last", many.last, name="batch-last"),
    path("batches/<uuid:pk>", many.batch, name="batch"),
    path("batches/<uuid:pk>/stop", many.stop, name="batch-stop"),
    path("batches/<uuid:pk>/undo", many.undo, name="batch-undo"),
    path("templates", justifications.templates, name="templates"),
    path("templates/offered", justifications.offered, name="templates-offered"),
    path("templates/<int:pk>", justifications.template, name="template"),
    path("views", saved_views.saved_views, name="views"),
    path("views/counts", saved_views.view_counts, name="view-counts"),
    path("views/<int:pk>", saved_views.change_view, name="view"),
    path("policies", policies.policies, name="policies"),
    path("policies/<int:pk>", policies.policy, name="policy"),
    path("policies/<int:pk>/active", policies.active, name="policy-active"),
    path("numbers", views.numbers, name="numbers"),
    path("decisions.csv", views.decisions_csv, name="decisions-csv"),
    path("decisions.jsonl", views.decisions_json_lines, name="decisions-jsonl"),
    path("sign-in", sign_in, name="sign-in"),
    path("sign-out", LogoutView.as_view(), name="sign-out"),
    path("signed-in", views.signed_in, name="signed-in"),
    path("language", set_language, name="language"),
    path("favicon.ico", views.favicon),
]
