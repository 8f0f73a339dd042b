"""Untrusted addresses: which of them may be links, and where they lead.

A browser reads an address in its own way (https://url.spec.whatwg.org/): text before an `@` is not
the host, a backslash is a slash, `..` leads elsewhere. Ambiguous addresses are not linked.
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import idna
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?")
NUMERIC_END = re.compile(r"(.*\.)?(0x[0-9a-f]*|[0-9]+)\.?")
"""A host that ends so is an IPv4 address to a browser, however it is written."""
FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]|\s")
"""Characters that a browser drops or replaces, so that what it opens differs from what is read."""
UPWARDS = re.compile(r"(^|/)(\.|%2e){1,2}(/|$)", re.IGNORECASE)
PULL_REQUEST = re.compile(
    r"(?:/(?:pulls?|pull-requests?|pullrequests?|merge[_-]requests?|\+)|#/c)/\+?([0-9]+)",
    re.IGNORECASE,
)
"""A pull request's number as GitHub, GitLab, Gitea, Bitbucket, Azure and Gerrit write it."""
NUMBER_AT_END = re.compile(r"/([0-9]+)/*$")


@dataclass(frozen=True)
class Link:
    """An address that may be a link, and its host as the network knows it."""

    address: str
    host: str


def read(address: str) -> Link:
    """Return the link for `address`; raise ValidationError with the reason if it is none."""
    if FORBIDDEN.search(address):
        raise ValidationError(_("Write the address without spaces, backslashes and the like."))
    try:
        parts = urlsplit(address)
        _port = parts.port
    except ValueError:
        raise ValidationError(_("This is no address.")) from None
    if parts.scheme not in {"http", "https"}:
        raise ValidationError(_("Enter a URL that starts with http:// or https://."))
    if "@" in parts.netloc:
        raise ValidationError(_("Write the address without a user name: no @ before the host."))
    if UPWARDS.search(parts.path):
        raise ValidationError(_("Write the path without . and .. in it."))
    return Link(address, _host(parts))


def check(address: str) -> None:
    """Raise ValidationError if `address` may not be a link: the validator of model fields."""
    read(address)


def check_number(number: int | None, address: str) -> None:
    """Raise ValidationError if `address` is of another pull request than `number`."""
    others = numbers_in(address) - {number}
    if number is not None and others:
        message = _("This is the address of pull request {other}, not {number}.")
        raise ValidationError(str(message).format(other=min(others), number=number))


def numbers_in(address: str) -> set[int]:
    """Return the numbers of the pull requests that `address` names, if any."""
    found = PULL_REQUEST.findall(unquote(address))
    return {int(digits) for digits in found or NUMBER_AT_END.findall(_path(address))}


def _path(address: str) -> str:
    return unquote(address.partition("?")[0].partition("#")[0])


def _host(parts: SplitResult) -> str:
    """Return the host in ASCII, as browsers look it up."""
    host = parts.hostname or ""
    if parts.netloc.startswith("["):
        if "%" in host:  # a zone, which browsers do not look up
            raise _no_host()
        return f"[{_checked_ip(host)}]"
    try:
        name = host if host.isascii() else idna.encode(host, uts46=True).decode().lower()
    except idna.IDNAError:
        raise _no_host() from None
    if not HOST.fullmatch(name):
        raise _no_host()
    return str(_checked_ip(name)) if NUMERIC_END.fullmatch(name) else name


def _checked_ip(text: str) -> Any:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        raise _no_host() from None


def _no_host() -> ValidationError:
    return ValidationError(_("The address has no valid host name."))
