"""The limit on writes over REST."""

from typing import NoReturn

from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from accounts import write_rate_limit
from accounts.api.memory import ReleasesMemory


class TooManyWrites(APIException):
    """The user or address has sent more writes than the limit per minute."""

    status_code = 429

    def __init__(self, wait: float) -> None:
        super().__init__(f"Too many writes. Try again in {wait:.0f} s.")
        self.wait = wait


class WriteThrottle(BaseThrottle):
    """Allow HITL_WRITES_PER_MINUTE writes, and any number of reads."""

    _wait = 0

    def allow_request(self, request: Request, view: APIView) -> bool:
        self._wait = write_rate_limit.wait(request._request, request.user)
        return not self._wait

    def wait(self) -> float:
        return self._wait


class CountedWrites(ReleasesMemory):
    """A view that counts writes before it checks permissions, also of unauthenticated callers.

    REST framework checks permissions first, and so would not count what it refuses with 401 or 403.
    """

    throttle_classes = [WriteThrottle]

    def perform_authentication(self, request: Request) -> None:
        try:
            super().perform_authentication(request)
        except APIException:
            super().check_throttles(request)  # there is no user yet, so the address counts
            raise

    def check_permissions(self, request: Request) -> None:
        super().check_throttles(request)
        super().check_permissions(request)

    def check_throttles(self, request: Request) -> None:
        """Do nothing: `initial` has checked the limit."""

    def throttled(self, request: Request, wait: float | None) -> NoReturn:
        raise TooManyWrites(wait or 1)
