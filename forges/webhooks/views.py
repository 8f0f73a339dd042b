"""The address that forges send webhooks to."""

from http import HTTPStatus
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import exceptions
from rest_framework.parsers import BaseParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from forges.webhooks.errors import BadSignature, NoObject, UnknownForge
from forges.webhooks.inbox import take_in


class AnyBody(BaseParser):
    """Leaves the body alone, whatever it is said to be: the signature is over its bytes."""

    media_type = "*/*"

    def parse(self, stream: Any, *_: Any, **__: Any) -> dict[str, Any]:
        return {}


@extend_schema(exclude=True)  # forges call it, and know how
class WebhookView(APIView):
    """Takes a webhook in, or refuses it. The signature is its only credential."""

    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]
    parser_classes = [AnyBody]

    def post(self, request: Request, name: str) -> Response:
        headers = {key.lower(): text for key, text in request.headers.items()}
        body = request._request.read()
        try:
            is_new = take_in(name, headers, body)
        except UnknownForge:
            raise exceptions.NotFound("No forge has this name.") from None
        except BadSignature:
            raise exceptions.AuthenticationFailed(
                "The signature is missing, wrong or too old."
            ) from None
        except NoObject as error:
            raise exceptions.ValidationError({"body": [str(error)]}) from None
        status = HTTPStatus.ACCEPTED if is_new else HTTPStatus.OK
        return Response({"status": "accepted" if is_new else "known"}, status=status)

    def get_authenticate_header(self, request: Request) -> str:
        """Name a scheme, so that a wrong signature is a 401."""
        return "Signature"
