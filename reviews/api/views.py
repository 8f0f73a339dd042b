"""REST resources: APVs, the queue and decisions."""

from typing import Any
from uuid import UUID

from django.db.models import prefetch_related_objects
from drf_spectacular.utils import (
    OpenApiParameter,
    PolymorphicProxySerializer,
    extend_schema,
    extend_schema_view,
)
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts.api.memory import Retrieves, represented, validated, validated_by
from accounts.api.throttles import CountedWrites
from realtime.snapshot import snapshot
from reviews import selectors, services, tally
from reviews.api.filters import AnyStatusAPVFilter, APVFilter, DecisionFilter, ordering
from reviews.api.idempotency import idempotent
from reviews.api.pages import PageQuery, is_narrowed, page, page_schema
from reviews.api.preconditions import (
    IF_MATCH,
    PreconditionFailed,
    is_by_header,
    tag_of,
    version_named,
)
from reviews.api.serializers.apvs import (
    LEFT_OUT_OF_LISTS,
    QUEUE_COLUMNS,
    APVLineSerializer,
    APVSerializer,
    EvidenceSerializer,
    NewAPVSerializer,
    QueueItemSerializer,
)
from reviews.api.serializers.decisions import (
    DECISION_RECORD,
    DECISION_REQUEST,
    DecisionRequestSerializer,
    DecisionSerializer,
    EffectSerializer,
    OutcomeRequestSerializer,
    RetractionRequestSerializer,
)
from reviews.api.serializers.requirements import ReviewSerializer
from reviews.api.serializers.stats import StatsSerializer
from reviews.errors import UnknownAPV, VersionChanged
from reviews.models import APV, Decision
from reviews.orders import DECISIONS, QUEUE, order_of_apvs
from reviews.permissions import Permission
from reviews.policies.explaining import Explanation

MOST_APVS_AT_ONCE = 1000
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="The same key and body again gives the first answer; another body, 422.",
)

ADVISORIES, DEADLINE = "advisory_links__advisory", "deadline__rule"
APVS = (
    APV.objects.with_pull_request()
    .select_related("submitted_by", DEADLINE)
    .prefetch_related(ADVISORIES)
)

ONE_OR_MANY = PolymorphicProxySerializer(
    "OneOrManyAPVs", [APVSerializer, APVSerializer(many=True)], None, many=False
)


@extend_schema_view(
    retrieve=extend_schema(description="One APV, whole: its evidence and its diff.")
)
class APVViewSet(CountedWrites, Retrieves):
    """All APVs, in any status. Pipelines add theirs here."""

    queryset = APVS
    serializer_class = APVSerializer
    filterset_class = AnyStatusAPVFilter
    permission_for = {
        "*": Permission.VIEW_APV,
        "create": Permission.ADD_APV,
        "partial_update": Permission.CHANGE_APV,
    }

    @extend_schema(parameters=[PageQuery], responses=page_schema("apvs", APVLineSerializer))
    def list(self, request: Request) -> Response:
        """List all APVs, by default in order of priority, highest first.

        Long fields such as the diff are left out; a request for one APV returns them.
        """
        every = self.get_queryset().defer(*LEFT_OUT_OF_LISTS)
        rows = self.filter_queryset(every)
        order = order_of_apvs(ordering(request))
        count = rows.count if is_narrowed(rows, every) else tally.apvs
        return page(request, rows, order, APVLineSerializer, "apvs", count=count)

    @extend_schema(
        parameters=[IDEMPOTENCY_KEY],
        request=ONE_OR_MANY,
        responses={201: ONE_OR_MANY},
    )
    @idempotent
    def create(self, request: Request) -> Response:
        """Add one APV, or up to 1,000 in a list: all or none."""
        many = isinstance(request.data, list)
        if many and not 1 <= len(request.data) <= MOST_APVS_AT_ONCE:
            raise ValidationError({"body": f"Give 1 to {MOST_APVS_AT_ONCE:,} APVs at once."})
        given = validated(APVSerializer(data=request.data, many=many))
        rows = given if many else [given]
        apvs = services.add_apvs(apvs=[APV(**row) for row in rows], submitter=request.user)
        prefetch_related_objects([one for one in apvs if one.due_at is not None], DEADLINE)
        added = represented(NewAPVSerializer, apvs)
        if many:
            return Response(added, status=201)
        location = reverse("apv-detail", [apvs[0].pk], request=request)
        return Response(added[0], status=201, headers={"Location": location})

    @extend_schema(
        parameters=[IDEMPOTENCY_KEY, IF_MATCH],
        request=EvidenceSerializer,
        responses=APVSerializer,
    )
    @idempotent
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Change the evidence of an APV, which makes its next revision.

        The version that you read is required, in `If-Match` or as `version`. An APV that was sent
        back for changes is pending again, as is one that was approved and not merged yet. Of an APV
        that a forge's pull request made, the patch and the checks come from there.
        """
        given = validated(EvidenceSerializer(data=request.data))
        version = version_named(request, given)
        try:
            services.add_evidence(apv_id=pk, values=given, version=version)
        except VersionChanged as error:
            raise (PreconditionFailed(error) if is_by_header(request) else error) from None
        return _with_tag(self.get_queryset().get(pk=pk))

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return _with_tag(self.get_object())


def _with_tag(apv: APV) -> Response:
    """Return an APV with the tag that a change of it names."""
    tag = tag_of(apv)
    return Response(represented(APVSerializer, [apv])[0], headers={"ETag": tag})


@extend_schema_view(
    retrieve=extend_schema(
        description="One APV that waits or waited, by its id, with what the policies ask for."
    )
)
class ReviewViewSet(CountedWrites, Retrieves):
    """The queue of APVs that wait for a decision."""

    queryset = APVS
    serializer_class = ReviewSerializer
    filterset_class = APVFilter
    lookup_url_kwarg = "apv_id"
    permission_for = {"*": Permission.VIEW_APV, "stats": Permission.VIEW_STATS}

    def get_object(self) -> Any:
        apv = super().get_object()
        apv.requirements = Explanation(apv, self.request.user).requirements
        return apv

    @extend_schema(parameters=[PageQuery], responses=page_schema("reviews", QueueItemSerializer))
    def list(self, request: Request) -> Response:
        """List the pending queue: highest priority first, then oldest first."""
        queue = APV.objects.pending().only(*QUEUE_COLUMNS)
        rows = self.filter_queryset(queue)
        count = rows.count if is_narrowed(rows, queue) else tally.pending
        return page(request, rows, QUEUE, QueueItemSerializer, "reviews", count=count)

    @extend_schema(responses=StatsSerializer)
    @action(detail=False, filterset_class=None)
    def stats(self, request: Request) -> Response:
        """Return the dashboard's numbers, computed from the database."""
        with snapshot():
            return Response(StatsSerializer(selectors.review_stats()).data)


@extend_schema_view(retrieve=extend_schema(description="One decision, by its id."))
class DecisionViewSet(CountedWrites, Retrieves):
    """Recorded decisions. They are made here and never changed."""

    queryset = Decision.objects.with_effect()
    serializer_class = DecisionSerializer
    filterset_class = DecisionFilter
    permission_for = {
        "*": Permission.VIEW_DECISION,
        "create": Permission.DECIDE_APV,
        "retract": Permission.DECIDE_APV,
        "outcome": Permission.REPORT_OUTCOME,
    }

    @extend_schema(parameters=[PageQuery], responses=page_schema("decisions", DecisionSerializer))
    def list(self, request: Request) -> Response:
        """List all decisions, newest first."""
        every = self.get_queryset()
        rows = self.filter_queryset(every)
        count = rows.count if is_narrowed(rows, every) else tally.records
        return page(request, rows, DECISIONS, DecisionSerializer, "decisions", count=count)

    @extend_schema(
        parameters=[IDEMPOTENCY_KEY],
        request=DecisionRequestSerializer,
        responses={200: DecisionSerializer},
    )
    @idempotent
    def create(self, request: Request) -> Response:
        """Decide on an APV.

        If a policy asks for more than this approval, `action_taken` is `awaiting_approval`: the APV
        stays as it is until others have approved the same revision.
        """
        given = validated_by(DECISION_REQUEST, request.data)
        decision = services.decide(reviewer=request.user, **given)
        return Response(DECISION_RECORD.to_representation(decision))

    @extend_schema(parameters=[PageQuery], responses=page_schema("decisions", DecisionSerializer))
    def history(self, request: Request, apv_id: UUID) -> Response:
        """List the decisions on one APV, newest first."""
        if not APV.objects.filter(pk=apv_id).exists():
            raise UnknownAPV(apv_id)
        rows = self.filter_queryset(self.get_queryset().filter(apv_id=apv_id))
        return page(request, rows, DECISIONS, DecisionSerializer, "decisions", count=rows.count)

    @extend_schema(
        parameters=[IDEMPOTENCY_KEY],
        request=RetractionRequestSerializer,
        responses=DecisionSerializer,
    )
    @idempotent
    def retract(self, request: Request, pk: UUID) -> Response:
        """Take a decision back, so that its APV can be decided anew.

        Who decided can do so, and leads, while the forge was not asked to carry it out, or after it
        refused to; of a decision that is left to others, for the first seconds.
        """
        given = validated(RetractionRequestSerializer(data=request.data))
        services.retract(decision_id=pk, by=request.user, **given)
        return Response(represented(DecisionSerializer, [self.get_queryset().get(pk=pk)])[0])

    @extend_schema(
        parameters=[IDEMPOTENCY_KEY],
        request=OutcomeRequestSerializer,
        responses=EffectSerializer,
    )
    @idempotent
    def outcome(self, request: Request, pk: UUID) -> Response:
        """Report, once, what became of a decision whose repository is not connected."""
        given = validated(OutcomeRequestSerializer(data=request.data))
        effect = services.report_outcome(decision_id=pk, by=request.user, **given)
        return Response(represented(EffectSerializer, [effect])[0])
