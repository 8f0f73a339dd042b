"""What the forge did and the console did not see: the record claims nothing else than the forge."""

import pytest

from forges.models import Repository
from reviews.choices import EffectState
from reviews.models import Effect
from tests.support.decided import DONE, REFUSED, Decided
from tests.support.forges.http import answers

pytestmark = [pytest.mark.server, pytest.mark.django_db]

RUNNING = EffectState.RUNNING
KINDS = [("approve", "merge"), ("reject", "close"), ("modify", "review"), ("escalate", "comment")]
each_kind = pytest.mark.parametrize(("decision", "write"), KINDS)


@each_kind
@pytest.mark.parametrize("status", [403, 404])
def test_one_that_may_not_look_any_more_is_not_taken_for_a_no(
    decided: Decided, decision: str, write: str, status: int
) -> None:
    decided.fake.fault(drop=True, on=write)
    assert decided.carry_out(decision).state == RUNNING
    with decided.fake.failing(method="GET", reply=answers(status)):
        assert decided.attempt().state == RUNNING
    assert decided.settle().state == DONE
    assert decided.writes(write) == 1


@pytest.mark.parametrize("status", [403, 404])
def test_merge_whose_result_may_not_be_seen_is_not_taken_for_a_no(
    decided: Decided, status: int
) -> None:
    def hide() -> None:
        decided.fake.fault(on="look", reply=answers(status), times=3)

    decided.fake.fault(on="merge", before=hide)
    assert decided.carry_out().state == RUNNING
    decided.fake.heal()
    effect = decided.settle()
    assert (effect.state, effect.merged_commit) == (DONE, decided.pull.merged_sha)
    assert decided.writes("merge") == 1


@each_kind
def test_what_was_begun_is_no_refusal_once_the_repository_is_not_watched(
    decided: Decided, decision: str, write: str
) -> None:
    decided.fake.fault(drop=True, on=write)
    decided.carry_out(decision)
    Repository.objects.update(watched=False)
    assert decided.attempt().state == RUNNING
    Repository.objects.update(watched=True)
    assert decided.settle().state == DONE
    assert decided.writes(write) == 1


@each_kind
def test_what_was_begun_is_no_refusal_once_the_credentials_cannot_be_read(
    decided: Decided, decision: str, write: str
) -> None:
    decided.fake.fault(drop=True, on=write)
    decided.carry_out(decision)
    forge = decided.repository.forge
    kept = bytes(forge.credentials)
    type(forge).objects.update(credentials=b"of another key")
    assert decided.attempt().state == RUNNING
    type(forge).objects.update(credentials=kept)
    assert decided.settle().state == DONE
    assert decided.writes(write) == 1


def test_one_that_was_merged_just_before_it_was_closed_is_not_said_to_be_closed(
    decided: Decided,
) -> None:
    decided.fake.fault(on="close", before=lambda: decided.fake.merge(decided.pull, by="mallory"))
    effect = decided.carry_out("reject")
    assert (effect.state, effect.answer) == (REFUSED, "it was merged already by mallory")
    decided.read()
    assert decided.apv.status == "withdrawn"


def test_no_to_all_that_is_asked_refuses_what_was_not_begun(decided: Decided) -> None:
    decided.decide()
    Repository.objects.update(watched=False)
    assert decided.attempt().state == REFUSED
    assert Effect.objects.count() == 1
