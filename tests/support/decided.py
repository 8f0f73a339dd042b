"""A pull request on a fake forge that was taken in, and decisions on it that are carried out."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.utils import timezone

from forges import sync
from reviews import services
from reviews.choices import EffectState
from reviews.effects import carrying_out
from reviews.models import APV, Decision, Effect
from tests.support.forges import FakeForge

PATH = "acme/shop"
MANIFEST = '{"dependencies": {"lodash": "%s"}}\n'


class Decided:
    """One pull request, its APV, and somebody who may decide."""

    def __init__(self, fake: FakeForge, **settings: Any) -> None:
        self.fake = fake
        repo = fake.repository(PATH, {"package.json": MANIFEST % "4.17.20"})
        self.repository = fake.watched(PATH)
        for name, value in settings.items():
            setattr(self.repository, name, value)
        self.repository.save()
        title = "Bump lodash from 4.17.20 to 4.17.21"
        files = {"package.json": MANIFEST % "4.17.21"}
        self.pull = fake.open_pull_request(repo, "bump", files, title=title)
        self.lead = get_user_model().objects.create_superuser("root", "", "x")
        self.read()

    @property
    def apv(self) -> APV:
        return APV.objects.select_related("pull_request__repository__forge").get()

    @property
    def effect(self) -> Effect:
        """Return the effect of the latest decision."""
        return Effect.objects.select_related("decision__apv").latest("created_at")

    def read(self) -> None:
        """Read the pull request, as the job after a webhook does."""
        sync.read_pull_request(self.repository, self.pull.number)

    def decide(self, decision: str = "approve", **fields: Any) -> Decision:
        given: dict[str, Any] = {"justification": "Looked at it closely.", **fields}
        if decision == "modify":
            given.setdefault("modifications", {"pin": "exactly"})
        return services.decide(apv_id=self.apv.pk, reviewer=self.lead, decision=decision, **given)

    def attempt(self) -> Effect:
        """Let the effect be due, and try to carry it out once."""
        effect = self.effect
        Effect.objects.filter(pk=effect.pk, next_at__isnull=False).update(next_at=timezone.now())
        carrying_out.carry_out(effect.pk)
        return self.effect

    def carry_out(self, decision: str = "approve", **fields: Any) -> Effect:
        self.decide(decision, **fields)
        return self.attempt()

    def settle(self, attempts: int = 10) -> Effect:
        """Try until the effect has ended."""
        for _ in range(attempts):
            if (effect := self.attempt()).next_at is None:
                return effect
        raise AssertionError(f"still {self.effect.state}: {self.effect.answer}")

    def writes(self, kind: str) -> int:
        """Return how often the forge carried out a kind of write on the pull request."""
        return len(self.fake.ledger.of(self.pull.number, kind))

    def status(self) -> str:
        """Return the state of the status `hitl-console` of the head, in the forge's word."""
        found = self.fake.status_of(self.pull.repo, self.pull.head_sha)
        return next((one.state for one in found if one.name == "hitl-console"), "")


def member(group: str) -> Any:
    """Store a user of a group."""
    user = get_user_model().objects.create_user(f"one-of-{group}")
    user.groups.set(Group.objects.filter(name=group))
    return user


DONE, WAITING, REFUSED = EffectState.DONE, EffectState.WAITING, EffectState.REFUSED
