"""Take pull requests out of merge queues whose decision was called off."""

from uuid import UUID

from django.db.models import Q

from forges.clients import client_for
from reviews.choices import EffectState
from reviews.effects import gate
from reviews.effects.states import CALLED_OFF, OPEN
from reviews.models import APV, Effect


def leave(effect_id: UUID) -> None:
    """Take our own entry out of the queue, if there is one. Raise a ForgeError."""
    rows = Effect.objects.select_related("decision__apv__pull_request__repository__forge")
    apv = rows.get(pk=effect_id).decision.apv
    if (pull_request := apv.pull_request) is None or _is_wanted_again(apv):
        return
    repository = pull_request.repository
    with client_for(repository.forge) as client:
        gate.set_status(client, apv)  # first: a success would let others merge it
        client.dequeue(repository.path, pull_request.number)
    Effect.objects.filter(pk=effect_id, state__in=CALLED_OFF).update(in_merge_queue=False)


def _is_wanted_again(apv: APV) -> bool:
    """Return whether a later approval may have taken over the entry in the queue."""
    taken_over = Q(state=EffectState.RUNNING) | Q(state__in=OPEN, in_merge_queue=True)
    return Effect.objects.filter(taken_over, decision__apv=apv).exists()
