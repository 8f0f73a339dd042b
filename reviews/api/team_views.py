"""REST resources of teamwork: claims and assignments of APVs."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.memory import represented, validated
from accounts.api.throttles import CountedWrites
from reviews import claims, services
from reviews.api.serializers.team import (
    AssignmentRequestSerializer,
    AssignmentSerializer,
    ClaimRequestSerializer,
    ClaimSerializer,
)
from reviews.errors import UnknownAPV
from reviews.models import APV, Assignment
from reviews.permissions import Permission


def apv_with(apv_id: UUID) -> APV:
    """Return the id and code of an APV. Raise UnknownAPV."""
    found: APV | None = APV.objects.only("apv_code", "status").filter(pk=apv_id).first()
    if found is None:
        raise UnknownAPV(apv_id)
    return found


class ClaimViewSet(CountedWrites, viewsets.ViewSet):
    """Who works on an APV now."""

    permission_for = {"*": Permission.VIEW_APV, "create": Permission.DECIDE_APV}

    @extend_schema(responses=ClaimSerializer)
    def retrieve(self, request: Request, pk: UUID) -> Response:
        """Return who has an APV; 404 if nobody."""
        claim = claims.claim_of(apv_with(pk))
        if claim is None:
            raise NotFound("Nobody has claimed it.")
        return Response(represented(ClaimSerializer, [claim])[0])

    @extend_schema(request=ClaimRequestSerializer, responses=ClaimSerializer)
    def create(self, request: Request, pk: UUID) -> Response:
        """Claim an APV for some minutes, or renew one's own claim.

        A claim forbids nobody to decide. If somebody else has the APV, the answer is 409 and says
        who.
        """
        given = validated(ClaimRequestSerializer(data=request.data))
        if given.pop("take_over"):
            claim = services.take_over(apv_id=pk, by=request.user, reason=given["reason"])
        else:
            claim = services.claim(apv_id=pk, by=request.user)
        return Response(represented(ClaimSerializer, [claim])[0])

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID) -> Response:
        """End one's own claim. That nobody has the APV is no error."""
        services.release(apv_id=pk, by=request.user)
        return Response(status=204)


class AssignmentViewSet(CountedWrites, viewsets.ViewSet):
    """Who is to decide on an APV."""

    permission_for = {
        "*": Permission.DECIDE_APV,
        "retrieve": Permission.VIEW_APV,
    }

    @extend_schema(responses=AssignmentSerializer)
    def retrieve(self, request: Request, pk: UUID) -> Response:
        """Return whom an APV is assigned to; 404 if nobody."""
        rows = Assignment.objects.select_related("user", "group")
        assignment = rows.filter(apv=apv_with(pk)).first()
        if assignment is None:
            raise NotFound("It is assigned to nobody.")
        return Response(represented(AssignmentSerializer, [assignment])[0])

    @extend_schema(request=AssignmentRequestSerializer, responses=AssignmentSerializer)
    def update(self, request: Request, pk: UUID) -> Response:
        """Assign an APV to a user who may decide, or to a group. Others may decide all the same."""
        given = validated(AssignmentRequestSerializer(data=request.data))
        made = services.assign(apv_id=pk, by=request.user, **given)
        return Response(represented(AssignmentSerializer, [made])[0])

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID) -> Response:
        """Assign an APV to nobody."""
        services.assign(apv_id=pk, by=request.user)
        return Response(status=204)
