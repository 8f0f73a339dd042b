"""Writes that name the version of an APV that they are meant for: `If-Match`, or `version`."""

import re
from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request

from reviews.errors import VersionChanged
from reviews.models import APV

IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description='The `ETag` of the APV that you read, such as `"3"`: its version in quotes.'
    " The body may have `version` instead.",
)
TAG = re.compile(r'"([1-9][0-9]{0,9})"')


class NoPrecondition(APIException):
    """The request names no version, so it might undo what somebody else did meanwhile."""

    status_code = 428
    default_detail = "Name the version that you read: in the header If-Match, or as `version`."


class PreconditionFailed(APIException):
    """The APV is not the one that `If-Match` names."""

    status_code = 412

    def __init__(self, error: VersionChanged) -> None:
        super().__init__(str(error))


def tag_of(apv: APV) -> str:
    """Return the ETag of an APV."""
    return f'"{apv.version}"'


def version_named(request: Request, given: dict[str, Any]) -> int:
    """Return the version that a request is meant for, and take it out of the `given` fields.

    Raise NoPrecondition, or ValidationError for one that cannot be read.
    """
    version: int | None = given.pop("version", None)
    header = request.headers.get("If-Match")
    if header is None:
        if version is None:
            raise NoPrecondition
        return version
    found = TAG.fullmatch(header.strip())
    if found is None:
        raise ValidationError({"If-Match": ['Give one version in quotes, such as "3".']})
    if version not in {None, int(found[1])}:
        raise ValidationError({"version": ["If-Match names another version."]})
    return int(found[1])


def is_by_header(request: Request) -> bool:
    """Return whether the version stands in `If-Match`."""
    return "If-Match" in request.headers
