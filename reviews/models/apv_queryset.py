"""Queries for APVs, and bulk writes of them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db import models

from realtime.copying import copy
from realtime.transactions import publishing
from reviews import fields, receivers
from reviews.choices import Status

if TYPE_CHECKING:
    from reviews.models.apv import APV

UNSHOWN = (
    *("pull_request__diff", "pull_request__body", "pull_request__message"),
    "pull_request__repository__forge__credentials",
    "pull_request__repository__forge__webhook_secrets",
    "pull_request__repository__forge__ca_certificates",
)
"""Fields of pull requests and forges that no APV shows."""


class APVQuerySet(models.QuerySet["APV"]):
    """Bulk writes publish as single saves do."""

    def pending(self) -> "APVQuerySet":
        return self.filter(status=Status.PENDING)

    def with_pull_request(self) -> "APVQuerySet":
        """Read the pull request and its repository too, but not their long or secret fields."""
        return self.select_related("pull_request__repository__forge").defer(*UNSHOWN)

    def with_team(self) -> "APVQuerySet":
        """Read who has each APV, to whom it is assigned, and who added it."""
        return self.select_related(
            "claim__user", "assignment__user", "assignment__group", "submitted_by"
        )

    def bulk_create(
        self,
        objs: Iterable["APV"],
        batch_size: int | None = None,
        ignore_conflicts: bool = False,
        update_conflicts: bool = False,
        update_fields: Any = None,
        unique_fields: Any = None,
    ) -> list["APV"]:
        if ignore_conflicts or update_conflicts:
            raise ValueError("APVs are added whole: which rows a conflict skipped cannot be told.")
        apvs = list(objs)
        with publishing():
            fields.assign_codes(apvs)
            if apvs:
                copy(apvs)
            receivers.publish_new_apvs(apvs)
        return apvs

    def update(self, **values: Any) -> int:
        with publishing():
            values.setdefault("version", models.F("version") + 1)
            changed = super().update(**values)
            receivers.announce_stats()
        return changed
