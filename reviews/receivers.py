"""Publish messages when rows are saved."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from realtime.publish import announce, publish
from reviews.events import STATS, DecisionMade, NewAPV

if TYPE_CHECKING:
    from reviews.models import APV, Decision


@receiver(post_save, sender="reviews.APV")
def publish_saved_apv(instance: "APV", created: bool, **_: Any) -> None:
    if created:
        publish_new_apvs([instance])
    else:
        announce_stats()


@receiver(post_save, sender="reviews.Decision")
def publish_decision(instance: "Decision", created: bool, **_: Any) -> None:
    if created:
        publish([decision_made(instance)])
        announce_stats()


@receiver(post_delete, sender="reviews.APV")
def announce_deleted_apv(**_: Any) -> None:
    announce_stats()


def publish_new_apvs(apvs: "Sequence[APV]") -> None:
    publish([new_apv(apv) for apv in apvs])
    announce_stats()


def announce_stats() -> None:
    announce(STATS.name)


def new_apv(apv: "APV") -> NewAPV:
    return NewAPV.model_validate(
        {
            "apv_id": apv.apv_id,
            "apv_code": apv.apv_code,
            "severity": apv.severity,
            "cve_id": apv.cve_id,
            "package_name": apv.package_name,
        }
    )


def decision_made(decision: "Decision") -> DecisionMade:
    return DecisionMade.model_validate(
        {
            "decision_id": decision.decision_id,
            "apv_id": decision.apv_id,
            "apv_code": decision.apv.apv_code,
            "decision": decision.decision,
            "reviewer_name": decision.reviewer_name,
            "action_taken": decision.action_taken,
            "apv_version": decision.apv_version,
            "diff_sha256": decision.diff_sha256,
        }
    )
