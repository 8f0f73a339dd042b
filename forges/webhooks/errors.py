"""Why a webhook is not taken."""


class WebhookError(Exception):
    """A webhook is not taken; nothing of it is kept."""


class UnknownForge(WebhookError):
    """No forge has the name in the address."""


class BadSignature(WebhookError):
    """The signature is missing, wrong or too old."""


class NoObject(WebhookError):
    """The signature is right, but the body is no JSON object."""
