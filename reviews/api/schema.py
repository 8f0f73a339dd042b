"""The OpenAPI description: what views declare, and the problems that any call may return."""

import re
from typing import Any

from drf_spectacular.openapi import AutoSchema

from reviews.api.problems import CONTENT_TYPE

PROBLEM = {
    "type": "object",
    "description": "A problem document (RFC 9457).",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "object",
            "description": "The reasons by field.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
        "decision": {"$ref": "#/components/schemas/Decision"},
        "version": {"type": "integer", "description": "With 409: the APV's current version."},
    },
}
PROBLEMS = {
    400: "Fields or parameters are not as they must be; `errors` names them.",
    401: "No credentials, or no good ones.",
    403: "The user may not do this.",
    404: "There is no such thing.",
    406: "The answer cannot be given in the asked-for form.",
    408: "The request took too long to arrive.",
    409: "The world changed meanwhile: decided already, another version, a code in use.",
    412: "The APV is not at the version that `If-Match` names.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "The Idempotency-Key came before, with another body.",
    428: "Name the version that you read, in `If-Match` or as `version`.",
    429: "Too many attempts; `Retry-After` says when to try again.",
    503: "The database is busy or away, or there is more to do than can be done.",
}
OF_WRITES = {408, 409, 413, 415, 422, 429}
OF_CHANGES = {412, 428}
"""Problems of PATCH alone."""


class Summarised(AutoSchema):
    """Summarises each operation by the first sentence of its description."""

    def get_summary(self) -> str:
        first = re.split(r"(?<=[.;:])\s|\n\n", self.get_description(), maxsplit=1)[0]
        return " ".join(first.rstrip(".;:").split())


def add_problems(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the problem documents to each operation, as a post-processing hook."""
    result["components"]["schemas"]["Problem"] = PROBLEM
    for path in result["paths"].values():
        for method, operation in path.items():
            for status, description in PROBLEMS.items():
                if _may_answer(method, status):
                    operation["responses"][str(status)] = _problem(description)
    return result


def _may_answer(method: str, status: int) -> bool:
    if status in OF_CHANGES:
        return method == "patch"
    return method in {"post", "patch"} or status not in OF_WRITES


def _problem(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {CONTENT_TYPE: {"schema": schema}}}
