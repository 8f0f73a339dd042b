"""Saved rows, translated into messages; and nothing else."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from realtime.messages import DecisionMade, NewAPV
from realtime.publish import announce, publish

if TYPE_CHECKING:
    from reviews.models import APV, Decision


@receiver(post_save, sender="reviews.APV")
def tell_saved_apv(instance: "APV", created: bool, **_: Any) -> None:
    if created:
        tell_new_apvs([instance])
    else:
        tell_stats_changed()


@receiver(post_save, sender="reviews.Decision")
def tell_decision(instance: "Decision", created: bool, **_: Any) -> None:
    if created:
        publish([decision_made(instance)])
        tell_stats_changed()


@receiver(post_delete, sender="reviews.APV")
def tell_deleted_apv(**_: Any) -> None:
    tell_stats_changed()


def tell_new_apvs(apvs: "Sequence[APV]") -> None:
    publish([new_apv(apv) for apv in apvs])
    tell_stats_changed()


def tell_stats_changed() -> None:
    announce("stats")


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
