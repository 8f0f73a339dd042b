"""Publish messages when rows are saved, and follow pull requests that were read."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from forges.signals import pull_request_read
from realtime.publish import announce, publish
from reviews.choices import EffectKind, EffectState, Status
from reviews.events import STATS, APVChanged, DecisionMade, EffectChanged, NewAPV, What

if TYPE_CHECKING:
    from forges.models import PullRequest
    from reviews.models import APV, Decision, Effect

GATED_BY = frozenset({"status", "head_commit", "approvals"})
"""The fields of an APV that its commit status follows."""


@receiver(post_save, sender="reviews.APV")
def publish_saved_apv(instance: "APV", created: bool, **_: Any) -> None:
    if created:
        publish_new_apvs([instance])
    else:
        announce_stats()


@receiver(post_save, sender="reviews.Decision")
def publish_saved_decision(instance: "Decision", created: bool, **_: Any) -> None:
    if created:
        publish_decision(instance)


@receiver(pull_request_read)
def take_in_read_pull_request(
    pull_request: "PullRequest", changed: Collection[str] = (), **_: Any
) -> None:
    from reviews import services  # they write rows, which this module publishes
    from reviews.effects import carrying_out

    services.take_in(pull_request, is_retargeted="base_ref" in changed)
    carrying_out.wake(pull_request.pk)


@receiver(post_save, sender="reviews.APV")
def set_gate_of_saved_apv(
    instance: "APV", created: bool, update_fields: Collection[str] | None, **_: Any
) -> None:
    if instance.pull_request_id and (created or not GATED_BY.isdisjoint(update_fields or GATED_BY)):
        from reviews.effects import gate  # it reads the models

        gate.set_soon(instance)


@receiver(post_delete, sender="reviews.APV")
def announce_deleted_apv(**_: Any) -> None:
    announce_stats()


def publish_new_apvs(apvs: "Sequence[APV]") -> None:
    publish([new_apv(apv) for apv in apvs])
    announce_stats()


def publish_decision(decision: "Decision") -> None:
    """Publish a new decision."""
    publish([decision_made(decision)])
    announce_stats()


def publish_change(apv: "APV", what: What) -> None:
    """Publish that a saved APV changed without a decision."""
    publish([apv_changed(apv, what)])


def publish_effect(effect: "Effect") -> None:
    """Publish the state of a saved effect."""
    publish([effect_changed(effect)])


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


def apv_changed(apv: "APV", what: What) -> APVChanged:
    return APVChanged(
        apv_id=apv.apv_id,
        apv_code=apv.apv_code,
        status=Status(apv.status),
        version=apv.version,
        revision=apv.revision,
        what=what,
    )


def effect_changed(effect: "Effect") -> EffectChanged:
    apv = effect.decision.apv
    return EffectChanged(
        decision_id=effect.decision_id,
        apv_id=apv.apv_id,
        apv_code=apv.apv_code,
        kind=EffectKind(effect.kind),
        state=EffectState(effect.state),
        merged_commit=effect.merged_commit,
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
