"""The requests to forges over HTTP: bounded in time and size, and sent to one host only.

Every failure becomes one of forges.errors. Their words name the request and what came of it; they
hold no credentials, even if the forge sends these back.
"""

import ssl
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import httpx
from django.conf import settings

from forges.clients import limits
from forges.clients.addresses import api_address, next_page, same_origin
from forges.clients.answers import Answer
from forges.clients.auth import Auth
from forges.clients.bodies import read_body
from forges.clients.deadline import Deadline
from forges.errors import ForgeError, Limited, NotAllowed, NotFound, Refused, Unavailable
from realtime import clock

JSON_BYTES = 10 * 1024 * 1024
DIFF_BYTES = 16 * 1024 * 1024
WRITE_SECONDS = 10
"""For a request that may change something, with its redirects. It must have ended before a worker
that says nothing any more counts as killed, so that no other worker writes at the same time."""
MOST_REDIRECTS = 3
REDIRECTS = {301, 302, 307, 308}
MOST_PAGES = 100
"""Of one list: with 100 on a page, no repository has as many open pull requests."""
Params = Mapping[str, str | int]
Sent = Counter[tuple[str, str]]
"""The number of requests by method and status: the code of the answer, or why there was none."""
TIMED_OUT, FAILED, UNKNOWN = "timeout", "error", "other"
Meanings = Mapping[int, type[ForgeError]]
"""What a status means to one request, where it means something else than usually."""
USUAL: Meanings = {401: NotAllowed, 403: NotAllowed, 404: NotFound, 408: Unavailable, 410: NotFound}


@dataclass(frozen=True)
class _Asked:
    """What is asked: `name` is what errors call it, and its answer has `most` bytes at most."""

    method: str
    name: str
    headers: Mapping[str, str]
    values: Mapping[str, Any] | None
    most: int


class Http:
    """The requests to one forge, whose name is `forge`. Not for several threads at once.

    `api_url` is what paths are added to; no other host is asked. `ca_certificates` are the only
    authorities that are trusted, if there are any. Raise Refused if one of both cannot be used.
    `sent` counts the requests.
    """

    def __init__(
        self, forge: str, api_url: str, auth: Auth, *, ca_certificates: str = "", accept: str
    ) -> None:
        self._base = api_address(api_url)
        self._paused_as = f"{forge} {self._base}"
        self._auth = auth
        self._deadline = Deadline()
        self._shown: dict[str, str] = {}
        self.sent = Sent()
        self._client = httpx.Client(
            verify=_trust(ca_certificates),
            headers={
                "User-Agent": settings.FORGE_USER_AGENT,
                "Accept": accept,
                "Accept-Encoding": "gzip",
            },
        )

    @property
    def address(self) -> str:
        """The API's address, without a slash at its end."""
        return self._base

    def close(self) -> None:
        self._client.close()

    def get(
        self,
        path: str,
        *,
        params: Params | None = None,
        etag: str = "",
        meanings: Meanings | None = None,
    ) -> Answer:
        """Return the answer to a GET; it is `unchanged` if it still has `etag`."""
        headers = {"If-None-Match": etag} if etag else {}
        return self._ask("GET", path, params=params, headers=headers, meanings=meanings)

    def diff(self, path: str, *, accept: str = "*/*") -> str:
        """Return the diff at `path`. Raise Refused if it is longer than DIFF_BYTES."""
        return self._ask("GET", path, headers={"Accept": accept}, most=DIFF_BYTES).diff()

    def send(
        self,
        method: str,
        path: str,
        values: Mapping[str, Any] | None = None,
        *,
        meanings: Meanings | None = None,
    ) -> Answer:
        """Send `values` as JSON. After Unavailable, the forge may have done what it was asked."""
        return self._ask(method, path, values=values, meanings=meanings)

    def pages(self, path: str, params: Params, *, etag: str = "") -> Iterator[Answer]:
        """Yield the pages of a list, at most MOST_PAGES; the first may be `unchanged`."""
        url = str(self._url(path).copy_merge_params(dict(params)))
        for count in range(MOST_PAGES):
            answer = self.get(url, etag="" if count else etag)
            yield answer
            if not (url := next_page(answer.headers, url)):
                return

    # -- One request -----------------------------------------------------------------------------

    def _ask(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        values: Mapping[str, Any] | None = None,
        most: int = JSON_BYTES,
        meanings: Meanings | None = None,
    ) -> Answer:
        limits.check(self._paused_as)
        url = self._url(path)
        if params:
            url = url.copy_merge_params(dict(params))
        asked = _Asked(method, f"{method} {url.path}", headers or {}, values, most)
        with self._deadline.within(_seconds(method)):
            answer = self._followed(url, asked)
        conditional = "If-None-Match" in asked.headers
        self._raise_for(answer, {**USUAL, **(meanings or {})}, conditional=conditional)
        return answer

    def _followed(self, url: httpx.URL, asked: _Asked) -> Answer:
        """Send a request, and follow where the forge redirects it to."""
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._authenticated(url, asked)
            if answer.status not in REDIRECTS:
                return answer
            url = self._redirected(url, answer)
        raise Unavailable(f"redirected {asked.name} more than {MOST_REDIRECTS} times")

    def _authenticated(self, url: httpx.URL, asked: _Asked) -> Answer:
        """Send a request; if the credentials ran out, once more with new ones."""
        for last in (False, True):
            self._shown = self._auth.header()
            built = self._client.build_request(
                asked.method,
                url,
                headers={**self._shown, **asked.headers},
                json=asked.values,
                timeout=self._deadline.seconds,
                extensions={"trace": self._deadline.trace},
            )
            answer = self._send(built, asked)
            self._remember_limit(answer)
            if last or answer.status != 401 or not self._auth.renew():
                break
        return answer

    def _send(self, built: httpx.Request, asked: _Asked) -> Answer:
        words = f"did not answer {asked.name} within {self._deadline.seconds} s"
        if self._deadline.passed:
            raise Unavailable(words)
        status = FAILED
        try:
            response = self._client.send(built, stream=True, follow_redirects=False)
            status = _status(response)
            with closing(response):
                body = read_body(response, asked.name, asked.most)
        except httpx.HTTPError as error:
            late = self._deadline.passed or isinstance(error, httpx.TimeoutException)
            status = TIMED_OUT if late else FAILED
            raise Unavailable(words if late else _why(error, asked.name)) from None
        finally:
            self.sent[asked.method, status] += 1
        return Answer(asked.name, response.status_code, response.headers, body)

    def _url(self, path: str) -> httpx.URL:
        """Return the address of a path, or a whole address if it is on the same host."""
        if path.startswith("/"):
            return httpx.URL(self._base + path)
        return same_origin(path, self._base, "named a next page")

    def _redirected(self, url: httpx.URL, answer: Answer) -> httpx.URL:
        """Return where the forge redirects to. GitHub redirects to repositories' new names."""
        try:
            target = str(url.join(answer.headers.get("location", "")))
        except httpx.InvalidURL:
            target = ""
        return same_origin(target, self._base, f"redirected {answer.request} ({answer.status})")

    # -- What an answer means --------------------------------------------------------------------

    def limited(self, answer: Answer, words: str) -> Limited:
        """Keep quiet after an answer that limits in its body alone; return what to raise."""
        until = limits.retry_time(answer.headers) or clock.now() + limits.UNTOLD
        return self._limited(words, until)

    def _limited(self, words: str, until: datetime) -> Limited:
        limits.pause(self._paused_as, until)
        return Limited(f"{words} (until {until:%Y-%m-%d %H:%M:%S} UTC)", until)

    def _remember_limit(self, answer: Answer) -> None:
        """Keep quiet if the forge limits, also if this was the last request that it allowed."""
        until = limits.retry_time(answer.headers)
        if until is None and (answer.status == 429 or answer.speaks_of_a_limit()):
            until = clock.now() + limits.UNTOLD
        if until is None:
            return
        if answer.status in {403, 429, 503}:
            raise self._limited(self._words(answer), until)
        if "retry-after" not in answer.headers:  # which means something else with other statuses
            limits.pause(self._paused_as, until)

    def _raise_for(self, answer: Answer, meanings: Meanings, *, conditional: bool) -> None:
        status = answer.status
        done = status == 200 if answer.request.startswith("GET ") else 200 <= status < 300
        if done or (status == 304 and conditional):
            return
        usual = Refused if 400 <= status < 500 else Unavailable
        raise meanings.get(status, usual)(self._words(answer))

    def _words(self, answer: Answer) -> str:
        words = f"answered {answer.status} to {answer.request}"
        if said := answer.said():
            words += f": {said}"
        for header in self._shown.values():
            words = words.replace(header.rpartition(" ")[2], "…")
        return words


def _seconds(method: str) -> float:
    """Return how long a request may take."""
    longest: float = settings.HITL_FORGE_SECONDS
    return longest if method == "GET" else min(longest, WRITE_SECONDS)


@lru_cache(maxsize=32)
def _trust(ca_certificates: str) -> ssl.SSLContext:
    """Return what to trust, read once in each process: each client would need 40 ms for it."""
    if not ca_certificates.strip():
        return httpx.create_ssl_context()
    try:
        return ssl.create_default_context(cadata=ca_certificates)
    except (ssl.SSLError, ValueError):
        raise Refused("The CA certificates are not certificates in PEM.") from None


def _status(response: httpx.Response) -> str:
    """Return the code of an answer, if it is one: a forge must not make as many as it likes."""
    return str(response.status_code) if 100 <= response.status_code < 600 else UNKNOWN


def _why(error: httpx.HTTPError, request: str) -> str:
    """Return why there was no answer, without what the library says: it may quote the forge."""
    match error:
        case httpx.ConnectError() if "CERTIFICATE" in str(error):
            return f"{request} failed: its certificate cannot be verified"
        case httpx.ConnectError():
            return f"{request} failed: no connection"
        case httpx.RemoteProtocolError():
            return f"broke off its answer to {request}, or sent no HTTP"
    return f"{request} failed: {type(error).__name__}"
