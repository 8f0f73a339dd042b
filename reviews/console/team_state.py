"""Who works on an APV, as its page shows it."""

from dataclasses import dataclass
from typing import Any

from reviews import services
from reviews.models import APV, Assignment, Claim
from reviews.permissions import Permission, is_lead


@dataclass(frozen=True)
class Team:
    """Who works on an APV, as the page shows it to `user`."""

    apv: APV
    user: Any

    @property
    def claim(self) -> Claim | None:
        claim: Claim | None = getattr(self.apv, "claim", None)
        return claim if claim and claim.is_current else None

    @property
    def assignment(self) -> Assignment | None:
        return getattr(self.apv, "assignment", None)

    @property
    def may_assign(self) -> bool:
        is_open = self.apv.status in services.DECIDERS
        return is_open and bool(self.user.has_perm(Permission.DECIDE_APV))

    @property
    def may_claim(self) -> bool:
        return services.may_decide(self.user, self.apv)

    @property
    def is_lead(self) -> bool:
        return is_lead(self.user)
