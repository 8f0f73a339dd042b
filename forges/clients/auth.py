"""What authenticates a request."""

import re
from dataclasses import dataclass, field
from typing import Protocol

from forges.errors import NotAllowed


class Auth(Protocol):
    """Where the header that authenticates a request comes from."""

    def header(self) -> dict[str, str]: ...

    def renew(self) -> bool:
        """Return whether there are other credentials, after the forge refused the present ones."""


@dataclass(frozen=True)
class Token:
    """A token that does not change, in the header `name`, after `scheme`."""

    name: str
    token: str = field(repr=False)
    scheme: str = ""

    def header(self) -> dict[str, str]:
        if not re.fullmatch("[!-~]*", self.token):
            raise NotAllowed("the token has characters that no token has")
        return {self.name: f"{self.scheme}{self.token}"} if self.token else {}

    def renew(self) -> bool:
        return False
