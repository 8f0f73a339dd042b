"""Decisions are carried out on a GitHub that nobody here wrote, through GitHub's description."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from forges import sync
from forges.models import Credentials, Forge, Repository
from reviews import services
from reviews.effects import carrying_out
from reviews.models import APV, Effect
from tests.support.forges.completed import Completed
from tests.support.forges.shop import CONSOLE, PATH, SEED, Shop
from tests.support.forges.stand_ins import emulate, prism

pytestmark = [pytest.mark.server, pytest.mark.django_db]


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Completed]:
    with ExitStack() as stack:
        upstream = stack.enter_context(emulate(tmp_path_factory.mktemp("emulate"), SEED))
        yield stack.enter_context(Completed(upstream, CONSOLE))


@pytest.fixture(scope="module")
def addresses(
    github: Completed, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str]]:
    """Return where people open the forge, and where its API is behind GitHub's description."""
    with prism(tmp_path_factory.mktemp("prism"), github.url) as checked:
        yield github.url, checked


@pytest.fixture(scope="module")
def begun(addresses: tuple[str, str]) -> Shop:
    shop = Shop(addresses[0])
    shop.begin()
    return shop


class Case:
    """One pull request on the stand-in, taken in by a repository that is merged by squash."""

    count = 0

    def __init__(self, shop: Shop, addresses: tuple[str, str]) -> None:
        Case.count += 1
        self.shop, self.branch = shop, f"bump-{Case.count}"
        forge = Forge(name="shop", kind="github", url=addresses[0], api_url=addresses[1])
        forge.set_credentials(Credentials(token=CONSOLE))
        forge.set_secrets(["a secret"])
        forge.save()
        self.repository = Repository.objects.create(forge=forge, path=PATH, merge_method="squash")
        shop.bump(f"4.18.{Case.count}", self.branch)
        self.number = shop.open(self.branch)
        self.read()
        self.lead = get_user_model().objects.create_superuser("root", "", "x")

    def read(self) -> None:
        sync.read_pull_request(self.repository, self.number)

    def carry_out(self, decision: str, **fields: Any) -> Effect:
        given = {"justification": "Looked at it closely.", **fields}
        apv_id = APV.objects.get().pk
        made = services.decide(apv_id=apv_id, reviewer=self.lead, decision=decision, **given)
        return self.attempt(made.effect)

    def attempt(self, effect: Effect) -> Effect:
        Effect.objects.filter(pk=effect.pk, next_at__isnull=False).update(next_at=timezone.now())
        carrying_out.carry_out(effect.pk)
        effect.refresh_from_db()
        return effect

    @property
    def on_forge(self) -> Any:
        return self.shop.pull(self.number)


@pytest.fixture
def case(begun: Shop, addresses: tuple[str, str], settings: Any) -> Case:
    settings.HITL_UNDO_SECONDS = 0
    return Case(begun, addresses)


def test_approved_commit_is_merged_by_squash(case: Case) -> None:
    effect = case.carry_out("approve")
    assert (effect.state, effect.answer) == ("done", "")
    assert case.on_forge["merged"] is True
    assert case.on_forge["merge_commit_sha"] == effect.merged_commit
    case.read()
    assert APV.objects.get().status == "approved"


def test_rejected_one_is_closed_with_the_reason(case: Case) -> None:
    assert case.carry_out("reject", justification="It breaks the build.").state == "done"
    assert (case.on_forge["state"], case.on_forge["merged"]) == ("closed", False)
    (text,) = case.shop.told(case.number)
    assert "It breaks the build." in text


def test_changes_are_requested(case: Case) -> None:
    assert case.carry_out("modify", modifications={"pin": "exactly"}).state == "done"
    (text,) = case.shop.told(case.number)
    assert "pin: exactly" in text


def test_other_head_is_refused_though_its_status_is_wrong(case: Case) -> None:
    """Here the stand-in answers 422 where GitHub answers 409."""
    apv = APV.objects.get()
    case.shop.bump("4.19.0", case.branch)
    effect = case.carry_out("approve")
    assert effect.state == "refused"
    assert effect.answer.startswith(f"the head moved from {apv.head_commit[:8]} to ")
    assert case.on_forge["state"] == "open"


def test_lost_answer_of_a_merge_is_found_done(case: Case, github: Completed) -> None:
    github.fault(path="/merge$", drop=True)
    effect = case.carry_out("approve")
    assert effect.state == "running"
    effect = case.attempt(effect)
    assert (effect.state, effect.merged_commit) == ("done", case.on_forge["merge_commit_sha"])


def test_own_status_satisfies_a_protection_that_requires_it(case: Case) -> None:
    with case.shop.protected("hitl-console"):
        assert case.carry_out("approve").state == "done"
    assert case.on_forge["merged"] is True


def test_differs_missing_check_is_refused_where_github_says_not_yet(case: Case) -> None:
    """Here the stand-in answers 422 where GitHub answers 405."""
    with case.shop.protected("build"):
        effect = case.carry_out("approve")
    assert (effect.state, case.on_forge["state"]) == ("refused", "open")
    services.try_again(decision_id=effect.decision_id, by=case.lead)
    assert case.attempt(effect).state == "done"
