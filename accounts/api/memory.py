"""Free the memory of a request as soon as it is answered.

In REST framework a request, its view, its response and its serializers refer to each other in
cycles. Without help, they stay in memory until Python's cyclic garbage collector runs.
"""

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.representing import representations


class ReleasesMemory(APIView):
    """A view that drops the request's data and the response's data once the response is written."""

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, response, *args, **kwargs)
        if isinstance(answer, Response):
            answer.add_post_render_callback(_release)
        return answer


def _release(response: Any) -> None:
    context, response.renderer_context = response.renderer_context, {}
    view, request = context["view"], context["request"]
    request._data = request._full_data = request._stream = response.data = None
    view.__dict__.pop("response", None)  # absent if the view renders the response itself


class Retrieves(viewsets.GenericViewSet[Any]):
    """A view that shows one row."""

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        serializer: Any = self.get_serializer_class()
        return Response(represented(serializer, [self.get_object()])[0])


def validated(serializer: serializers.BaseSerializer[Any]) -> Any:
    """Return the validated data of `serializer`; raise ValidationError.

    A serializer and its fields refer to each other, so drop what the serializer was given.
    """
    try:
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data
    finally:
        _forget(serializer)


def validated_by(shared: serializers.Serializer[Any], data: Any) -> Any:
    """Return `data` as a serializer that all requests share validates it; raise ValidationError.

    It keeps nothing of what it validates. To make a serializer, its fields are copied one by one.
    """
    try:
        return shared.run_validation(data)
    except serializers.ValidationError:
        return validated(type(shared)(data=data))  # which says what is wrong as any serializer does


def _forget(serializer: Any) -> None:
    if child := getattr(serializer, "child", None):  # of a list, which passes it the same data
        _forget(child)
    for name in ("initial_data", "_validated_data", "_errors"):
        serializer.__dict__.pop(name, None)
    serializer._kwargs = {}  # REST framework keeps it for copying a serializer


def represented(
    serializer: type[serializers.BaseSerializer[Any]], rows: Sequence[Any]
) -> list[Any]:
    """Return `rows` as `serializer` represents them, and keep no reference to the rows.

    What was prefetched for them is dropped: its querysets refer to the rows.
    """
    try:
        return representations(serializer(), rows)
    finally:
        for row in rows:
            getattr(row, "_prefetched_objects_cache", {}).clear()
