"""Who works on an APV, as its page shows it."""

from dataclasses import dataclass
from typing import Any

from django.utils.functional import cached_property

from reviews import claims, services
from reviews.models import APV, Assignment, Claim
from reviews.permissions import Permission, is_lead


@dataclass(frozen=True)
class Team:
    """Who works on an APV, as the page shows it to `user`."""

    apv: APV
    user: Any

    @cached_property
    def claim(self) -> Claim | None:
        return claims.claim_of(self.apv)

    @cached_property
    def assignment(self) -> Assignment | None:
        rows = Assignment.objects.select_related("user", "group")
        return rows.filter(apv=self.apv).first()

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
