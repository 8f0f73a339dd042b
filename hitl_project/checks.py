"""Checks that `check --deploy` adds to Django's own."""

from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.http.request import split_domain_port, validate_host

OPEN_ACCESS = (
    "HITL_OPEN_ACCESS is on: everybody who reaches this service acts as the demo reviewer."
)


@register(Tags.security, deploy=True)
def access_is_not_open(**_: object) -> list[CheckMessage]:
    if not settings.HITL_OPEN_ACCESS:
        return []
    return [Error(OPEN_ACCESS, hint="It is for development. Unset it.", id="hitl_project.E001")]


@register(Tags.security, deploy=True)
def hosts_are_named(**_: object) -> list[CheckMessage]:
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    text = "ALLOWED_HOSTS holds *: links and redirects lead wherever a client says that it is."
    return [Warning(text, hint="Name the hosts.", id="hitl_project.W001")]


@register(Tags.security, deploy=True)
def proxies_are_named(**_: object) -> list[CheckMessage]:
    if settings.HITL_TRUSTED_PROXIES or not settings.BEHIND_TLS:
        return []
    text = "HITL_TRUSTED_PROXIES is unset: all clients of a proxy count as one address."
    hint = "Name the proxy's address as it connects to this service, or its network."
    return [Warning(text, hint=hint, id="hitl_project.W002")]


@register(deploy=True)
def console_has_an_address(**_: object) -> list[CheckMessage]:
    if settings.HITL_CONSOLE_URL:
        return []
    text = "HITL_CONSOLE_URL is unset: what is written on forges does not link to the console."
    hint = "Name where people open it, like https://console.example.com."
    return [Warning(text, hint=hint, id="hitl_project.W003")]


@register(deploy=True)
def console_answers_at_its_address(**_: object) -> list[CheckMessage]:
    host = urlsplit(settings.HITL_CONSOLE_URL).netloc
    if not host or validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS):
        return []
    text = f"HITL_CONSOLE_URL leads to {host}, which is not among ALLOWED_HOSTS."
    hint = "Links to it would be answered with 400. Name the host there too."
    return [Warning(text, hint=hint, id="hitl_project.W004")]
