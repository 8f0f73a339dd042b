"""The calls of REST as values: what to send, and how to read what comes back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar, Unpack
from uuid import UUID, uuid4

from pydantic import TypeAdapter

from hitl_client.choices import DecisionKind
from hitl_client.model import Record
from hitl_client.records import (
    APV,
    APVFields,
    APVFilters,
    APVLine,
    Decision,
    DecisionFilters,
    Effect,
    EvidenceFields,
    Position,
    QueueFilters,
    QueueItem,
    Stats,
    Ticket,
)

T = TypeVar("T")
R = TypeVar("R", bound=Record)
Id = UUID | str
MOST_OF_PAGE = 200


@dataclass(frozen=True)
class Call(Generic[T]):
    """A call: its `body` is sent as JSON, and `read` makes what it returns of the answer's JSON."""

    method: str
    path: str
    read: Callable[[Any], T]
    params: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some rows of a list of `total`, and the positions of the channels when they were read.

    `next` is what `after` takes for the next page; None on the last one.
    """

    items: list[T]
    total: int
    positions: dict[str, Position]
    next: str | None


@dataclass(frozen=True)
class Listing(Generic[T]):
    """All rows of a list, read page by page. `page` makes the call for the one after a place."""

    page: Callable[[str | None], Call[Page[T]]]


# -- APVs -------------------------------------------------------------------------------------


def add_apv(apv: APVFields, *, idempotency_key: str | None = None) -> Call[APV]:
    """Add an APV. However often it has to be sent, it is added once.

    With an `idempotency_key` of yours that holds for a day, also from other processes: the same key
    and APV again return the first one.
    """
    return _write("apvs", APV.model_validate, apv, idempotency_key)


def add_apvs(apvs: Sequence[APVFields], *, idempotency_key: str | None = None) -> Call[list[APV]]:
    """Add up to 1,000 APVs: all or none, and once, as `add_apv` does."""
    return _write("apvs", TypeAdapter(list[APV]).validate_python, list(apvs), idempotency_key)


def change_evidence(
    apv_id: Id, evidence: EvidenceFields, *, version: int, idempotency_key: str | None = None
) -> Call[APV]:
    """Change the evidence of an APV that is at `version`, which makes its next revision.

    Raises VersionChanged if the APV has another version by now.
    """
    body = {**evidence, "version": version}
    path = f"apvs/{_id(apv_id)}"
    return _write(path, APV.model_validate, body, idempotency_key, method="PATCH")


def apv(apv_id: Id) -> Call[APV]:
    """Return one APV, whole: its evidence and its diff."""
    return Call("GET", f"apvs/{_id(apv_id)}", APV.model_validate)


def apvs_page(
    *, after: str | None = None, limit: int = 50, **filters: Unpack[APVFilters]
) -> Call[Page[APVLine]]:
    """Return some of all APVs, whatever their status. They come without long fields."""
    return _page("apvs", "apvs", APVLine, after, limit, filters)


def apvs(**filters: Unpack[APVFilters]) -> Listing[APVLine]:
    """Return all APVs, whatever their status, one after the other."""
    return Listing(lambda after: apvs_page(after=after, limit=MOST_OF_PAGE, **filters))


def queue_page(
    *, after: str | None = None, limit: int = 50, **filters: Unpack[QueueFilters]
) -> Call[Page[QueueItem]]:
    """Return some of the queue: highest priority first, then oldest first.

    Its `positions` are where to follow on from it without a gap.
    """
    return _page("reviews", "reviews", QueueItem, after, limit, filters)


def queue(**filters: Unpack[QueueFilters]) -> Listing[QueueItem]:
    """Return the queue, one APV after the other; what comes or leaves meanwhile shifts nothing."""
    return Listing(lambda after: queue_page(after=after, limit=MOST_OF_PAGE, **filters))


def stats() -> Call[Stats]:
    """Return the numbers of the review."""
    return Call("GET", "reviews/stats", Stats.model_validate)


# -- Decisions --------------------------------------------------------------------------------


def decide(
    apv_id: Id,
    decision: DecisionKind,
    justification: str,
    *,
    version: int | None = None,
    confidence: float | None = None,
    modifications: Mapping[str, Any] | None = None,
    idempotency_key: str | None = None,
) -> Call[Decision]:
    """Decide on an APV, once.

    With the `version` that you read, the decision is on what you read: raises VersionChanged if the
    APV has another one by now. `modifications` say what to change, for `modify`.
    """
    body = _given(
        apv_id=_id(apv_id),
        decision=decision,
        justification=justification,
        version=version,
        confidence=confidence,
        modifications=modifications,
    )
    return _write("decisions", Decision.model_validate, body, idempotency_key)


def decision(decision_id: Id) -> Call[Decision]:
    """Return one decision."""
    return Call("GET", f"decisions/{_id(decision_id)}", Decision.model_validate)


def decisions_page(
    *, after: str | None = None, limit: int = 50, **filters: Unpack[DecisionFilters]
) -> Call[Page[Decision]]:
    """Return some of all decisions, newest first."""
    return _page("decisions", "decisions", Decision, after, limit, filters)


def decisions(**filters: Unpack[DecisionFilters]) -> Listing[Decision]:
    """Return all decisions, newest first, one after the other."""
    return Listing(lambda after: decisions_page(after=after, limit=MOST_OF_PAGE, **filters))


def history_page(apv_id: Id, *, after: str | None = None, limit: int = 50) -> Call[Page[Decision]]:
    """Return some of the decisions on one APV, newest first."""
    path = f"decisions/history/{_id(apv_id)}"
    return _page(path, "decisions", Decision, after, limit, {})


def history(apv_id: Id) -> Listing[Decision]:
    """Return the decisions on one APV, newest first, one after the other."""
    return Listing(lambda after: history_page(apv_id, after=after, limit=MOST_OF_PAGE))


def retract(decision_id: Id, reason: str, *, idempotency_key: str | None = None) -> Call[Decision]:
    """Take a decision back, so that its APV can be decided anew."""
    path = f"decisions/{_id(decision_id)}/retract"
    return _write(path, Decision.model_validate, {"reason": reason}, idempotency_key)


def report_outcome(
    decision_id: Id,
    outcome: Literal["done", "failed"],
    *,
    notes: str = "",
    url: str = "",
    idempotency_key: str | None = None,
) -> Call[Effect]:
    """Report, once, what became of a decision whose repository is not connected."""
    path = f"decisions/{_id(decision_id)}/outcome"
    body = {"outcome": outcome, "notes": notes, "url": url}
    return _write(path, Effect.model_validate, body, idempotency_key)


# -- The socket -------------------------------------------------------------------------------


def ticket() -> Call[Ticket]:
    """Return a ticket, which opens one socket, for a program that cannot send headers.

    `follow` needs none.
    """
    return Call("POST", "ws/ticket", Ticket.model_validate)


# -- Parts ------------------------------------------------------------------------------------


def _write(
    path: str, read: Callable[[Any], T], body: Any, key: str | None, *, method: str = "POST"
) -> Call[T]:
    return Call(method, path, read, body=body, headers={"Idempotency-Key": key or str(uuid4())})


def _page(
    path: str, name: str, kind: type[R], after: str | None, limit: int, filters: Mapping[str, Any]
) -> Call[Page[R]]:
    def read(found: Any) -> Page[R]:
        return Page(
            items=TypeAdapter(list[kind]).validate_python(found[name]),  # type: ignore[valid-type]
            total=int(found["total"]),
            positions=TypeAdapter(dict[str, Position]).validate_python(found["positions"]),
            next=found["next"],
        )

    params = _given(after=after, limit=limit, **filters)
    return Call("GET", path, read, params={name: _text(one) for name, one in params.items()})


def _given(**fields: Any) -> dict[str, Any]:
    """Return the fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _id(one: Id) -> str:
    """Return an id as text. Raise ValueError for what is none: it would be another address."""
    return str(one if isinstance(one, UUID) else UUID(one))
