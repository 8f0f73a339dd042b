"""The requests to GitHub's GraphQL API, which answers most failures with status 200.

See https://docs.github.com/graphql. Merge queues cannot be used over its REST API.
"""

from collections.abc import Mapping
from typing import Any

from forges.clients.answers import LONGEST_WORDS
from forges.clients.fields import Fields
from forges.clients.http import Http
from forges.errors import ForgeError, NotAllowed, NotFound, Refused, Unavailable
from forges.texts import printable

Kinds = Mapping[str, type[ForgeError]]
"""What the `type` of an error means."""
USUAL: Kinds = {
    "NOT_FOUND": NotFound,
    "FORBIDDEN": NotAllowed,
    "INSUFFICIENT_SCOPES": NotAllowed,
}
LIMITS = {"RATE_LIMIT", "RATE_LIMITED"}
SERVERS_PATH = "/api/v3"
"""Where an Enterprise Server has its REST API; GraphQL is beside it."""


class Unsupported(Refused):
    """This forge has no GraphQL, or is older than what was asked for."""


def address(api_url: str) -> str:
    """Return where GraphQL is, on the forge whose REST API is at `api_url`."""
    server = api_url.removesuffix(SERVERS_PATH)
    return f"{api_url}/graphql" if server == api_url else f"{server}/api/graphql"


def execute(
    http: Http, document: str, variables: Mapping[str, Any], kinds: Kinds | None = None
) -> Fields:
    """Return the data that a document asks for. Raise ForgeError if the answer has any error.

    After Unavailable, the forge may have done what it was asked.
    """
    values = {"query": document, "variables": variables}
    answer = http.send("POST", address(http.address), values, meanings={404: Unsupported})
    told = answer.fields("graphql")
    if errors := told.maybe_objects("errors"):
        words = _words(errors)
        if any(one.maybe_text("type") in LIMITS for one in errors):
            raise http.limited(answer, words)
        raise _kind(errors[0], {**USUAL, **(kinds or {})})(words)
    return told.inside("data")


def _kind(error: Fields, kinds: Kinds) -> type[ForgeError]:
    """Return what an error means; one without a type, or with a new one, may pass."""
    if error.maybe_inside("extensions").maybe_text("code") == "undefinedField":
        return Unsupported
    return kinds.get(error.maybe_text("type"), Unavailable)


def _words(errors: list[Fields]) -> str:
    said = "; ".join(one.maybe_text("message", most=LONGEST_WORDS) for one in errors)
    return f"answered GraphQL with an error: {printable(said)}"[:LONGEST_WORDS]
