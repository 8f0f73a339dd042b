"""Why a webhook is not taken."""

from typing import ClassVar


class WebhookError(Exception):
    """A webhook is not taken; nothing of it is kept. `outcome` is what it counts as in metrics."""

    outcome: ClassVar[str]


class UnknownForge(WebhookError):
    """No forge has the name in the address."""

    outcome = "unknown_forge"


class BadSignature(WebhookError):
    """The signature is missing, wrong or too old."""

    outcome = "bad_signature"


class NoObject(WebhookError):
    """The signature is right, but the body is no JSON object."""

    outcome = "no_object"
