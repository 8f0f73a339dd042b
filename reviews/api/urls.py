from csp.decorators import csp_update
from django.urls import path
from drf_spectacular.views import SpectacularAPIView

from accounts.api.tokens import TicketViewSet, TokenViewSet
from reviews.api import health
from reviews.api.comment_views import CommentViewSet
from reviews.api.documentation import Documentation
from reviews.api.team_views import AssignmentViewSet, ClaimViewSet
from reviews.api.views import APVViewSet, DecisionViewSet, ReviewViewSet

# The icons are in Swagger UI's style sheet.
with_icons = csp_update({"img-src": ["data:"]})

urlpatterns = [
    path("apvs", APVViewSet.as_view({"get": "list", "post": "create"}), name="apv-list"),
    path(
        "apvs/<uuid:pk>",
        APVViewSet.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="apv-detail",
    ),
    path(
        "apvs/<uuid:pk>/claim",
        ClaimViewSet.as_view({"get": "retrieve", "post": "create", "delete": "destroy"}),
        name="apv-claim",
    ),
    path(
        "apvs/<uuid:pk>/assignment",
        AssignmentViewSet.as_view({"get": "retrieve", "put": "update", "delete": "destroy"}),
        name="apv-assignment",
    ),
    path(
        "apvs/<uuid:apv_id>/comments",
        CommentViewSet.as_view({"get": "list", "post": "create"}),
        name="comment-list",
    ),
    path(
        "apvs/<uuid:apv_id>/comments/<uuid:pk>",
        CommentViewSet.as_view({"patch": "partial_update", "delete": "destroy"}),
        name="comment-detail",
    ),
    path("reviews", ReviewViewSet.as_view({"get": "list"}), name="review-list"),
    path("reviews/stats", ReviewViewSet.as_view({"get": "stats"}), name="review-stats"),
    path("reviews/<uuid:apv_id>", ReviewViewSet.as_view({"get": "retrieve"}), name="review-detail"),
    path(
        "decisions",
        DecisionViewSet.as_view({"get": "list", "post": "create"}),
        name="decision-list",
    ),
    path(
        "decisions/<uuid:pk>", DecisionViewSet.as_view({"get": "retrieve"}), name="decision-detail"
    ),
    path(
        "decisions/<uuid:pk>/retract",
        DecisionViewSet.as_view({"post": "retract"}),
        name="decision-retract",
    ),
    path(
        "decisions/<uuid:pk>/outcome",
        DecisionViewSet.as_view({"post": "outcome"}),
        name="decision-outcome",
    ),
    path(
        "decisions/history/<uuid:apv_id>",
        DecisionViewSet.as_view({"get": "history"}),
        name="decision-history",
    ),
    path("token", TokenViewSet.as_view({"post": "obtain"}), name="token"),
    path("token/refresh", TokenViewSet.as_view({"post": "refresh"}), name="token-refresh"),
    path("token/revoke", TokenViewSet.as_view({"post": "revoke"}), name="token-revoke"),
    path("ws/ticket", TicketViewSet.as_view({"post": "create"}), name="ws-ticket"),
    path("health", health.health, name="health"),
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("metrics", health.metrics, name="metrics"),
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path("docs", with_icons(Documentation.as_view(url_name="schema")), name="docs"),
]
