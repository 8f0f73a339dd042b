"""REST resources of comments on APVs."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.memory import represented, validated
from accounts.api.throttles import CountedWrites
from reviews import services
from reviews.api.serializers.comments import (
    CommentEditSerializer,
    CommentRequestSerializer,
    CommentSerializer,
)
from reviews.comments import comments_on, with_lines
from reviews.errors import UnknownAPV
from reviews.models import APV, Comment
from reviews.permissions import Permission


class CommentViewSet(CountedWrites, viewsets.ViewSet):
    """What people say about an APV."""

    permission_for = {"*": Permission.COMMENT_APV, "list": Permission.VIEW_APV}

    @extend_schema(responses=CommentSerializer(many=True))
    def list(self, request: Request, apv_id: UUID) -> Response:
        """Return all comments on an APV, the oldest first; deleted ones have no text."""
        apv = _apv(apv_id)
        return Response(_as_json(apv, comments_on(apv)))

    @extend_schema(request=CommentRequestSerializer, responses={201: CommentSerializer})
    def create(self, request: Request, apv_id: UUID) -> Response:
        """Comment on an APV, or on a line of its current patch."""
        given = validated(CommentRequestSerializer(data=request.data))
        made = services.comment(apv_id=apv_id, by=request.user, **given)
        return Response(_as_json(made.apv, [made])[0], status=201)

    @extend_schema(request=CommentEditSerializer, responses=CommentSerializer)
    def partial_update(self, request: Request, apv_id: UUID, pk: UUID) -> Response:
        """Change the text of one's own comment. The old text is kept for leads."""
        given = validated(CommentEditSerializer(data=request.data))
        made = services.edit_comment(apv_id=apv_id, comment_id=pk, by=request.user, **given)
        return Response(_as_json(made.apv, [made])[0])

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, apv_id: UUID, pk: UUID) -> Response:
        """Delete a comment of one's own, or any one as a lead. That there was one stays."""
        services.delete_comment(apv_id=apv_id, comment_id=pk, by=request.user)
        return Response(status=204)


def _apv(apv_id: UUID) -> APV:
    found: APV | None = APV.objects.only("patch_diff", "revision").filter(pk=apv_id).first()
    if found is None:
        raise UnknownAPV(apv_id)
    return found


def _as_json(apv: APV, rows: "list[Comment]") -> Any:
    return represented(CommentSerializer, with_lines(apv, rows))
