"""What each command does."""

import logging
import re
from argparse import Namespace
from collections.abc import Iterator
from typing import Any, cast
from uuid import UUID, uuid4

from hitl_client.calls import Id
from hitl_client.cli import files
from hitl_client.cli.terminal import (
    TONES,
    Progress,
    clean,
    coloured,
    note,
    say,
    say_json,
    say_table,
)
from hitl_client.client import Client
from hitl_client.errors import HITLError, Misconfigured
from hitl_client.messages import LOGS
from hitl_client.model import Event, Message
from hitl_client.records import APV, APVFields, QueueFilters

CODE = re.compile(r"APV-\d{4}-\d{3,9}", re.ASCII | re.IGNORECASE)
MOST_AT_ONCE = 100
"""How many APVs `add` sends at once: few enough to show progress, many enough to be quick."""


def client(arguments: Namespace) -> Client:
    return Client(arguments.url, patience=arguments.patience)


# -- Reading ----------------------------------------------------------------------------------


def queue(arguments: Namespace) -> None:
    given = {name: getattr(arguments, name) for name in QueueFilters.__annotations__}
    filters = cast(QueueFilters, {name: one for name, one in given.items() if one is not None})
    with client(arguments) as hitl:
        page = hitl.queue_page(limit=arguments.limit, **filters)
        items = list(hitl.queue(**filters)) if arguments.all else page.items
    if arguments.json:
        for item in items:
            say_json(item)
        return
    head = ("CODE", "SEVERITY", "PACKAGE", "CVE", "STRATEGY", "HOURS", "VERSION")
    say_table(
        head,
        (
            (
                *(one.apv_code, one.severity, one.package_name, one.cve_id),
                *(one.patch_strategy, f"{one.waiting_since:.1f}", one.version),
            )
            for one in items
        ),
    )
    if not arguments.all and page.next:
        note(f"{len(items)} of {page.total:,} shown; --all shows all of them.")


def show(arguments: Namespace) -> None:
    with client(arguments) as hitl:
        apv = hitl.apv(_id(hitl, arguments.apv))
    if arguments.json:
        say_json(apv)
        return
    for name, value in _facts(apv):
        say(f"{coloured(f'{name:<12}', 'dim')} {coloured(clean(value), TONES.get(value))}")
    for line in apv.patch_diff.splitlines():
        say(coloured(clean(line, keep="\t"), _tone_of_line(line)))


def _facts(apv: APV) -> Iterator[tuple[str, str]]:
    versions = f"{apv.package_version} → {apv.fixed_version}" if apv.fixed_version else ""
    yield "code", f"{apv.apv_code} ({apv.apv_id})"
    yield "status", apv.status
    yield "version", str(apv.version)
    yield "severity", apv.severity
    yield "package", f"{apv.package_name} {versions}".rstrip()
    found = {
        "advisory": f"{apv.cve_id or ''} {apv.cve_title}".strip(),
        "wargame": apv.wargame_verdict or "",
        "pull request": apv.pr_url,
        "about": apv.patch_description,
    }
    yield from ((name, " ".join(value.split())) for name, value in found.items() if value)


def _tone_of_line(line: str) -> str | None:
    if line.startswith(("+++", "---", "diff ")):
        return "bold"
    return {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])


# -- Writing ----------------------------------------------------------------------------------


def add(arguments: Namespace) -> None:
    """Add APVs in batches: each of them all or none."""
    apvs = _apvs(arguments)
    with client(arguments) as hitl, Progress("APVs added", len(apvs)) as progress:
        for start in range(0, len(apvs), MOST_AT_ONCE):
            batch = apvs[start : start + MOST_AT_ONCE]
            for added in _added(hitl, batch, _key(arguments, batch, start)):
                say_json(added) if arguments.json else say(f"{added.apv_code}  {added.apv_id}")
            progress.reach(start + len(batch))


def _apvs(arguments: Namespace) -> list[dict[str, Any]]:
    """Return the APVs of the files, with what the options say of them."""
    more = dict(arguments.fields)
    if arguments.diff:
        more["patch_diff"] = files.read_text(arguments.diff)
    apvs = [{**apv, **more} for name in arguments.files for apv in files.read_apvs(name)]
    if arguments.diff and len(apvs) != 1:
        raise Misconfigured(f"--diff is for one APV, not for {len(apvs):,}.")
    return apvs


def _added(hitl: Client, batch: list[dict[str, Any]], key: str) -> list[APV]:
    fields = [
        cast(APVFields, apv) for apv in batch
    ]  # the server checks them, and names what is wrong
    if len(fields) == 1:
        return [hitl.add_apv(fields[0], idempotency_key=key)]
    return hitl.add_apvs(fields, idempotency_key=key)


def _key(arguments: Namespace, batch: list[dict[str, Any]], start: int) -> str:
    if arguments.again:
        return str(uuid4())
    return f"{arguments.key or files.key_of(batch)}:{start}"


def decide(arguments: Namespace) -> None:
    modifications = files.read_object(arguments.modifications) if arguments.modifications else None
    with client(arguments) as hitl:
        made = hitl.decide(
            _id(hitl, arguments.apv),
            arguments.decision,
            arguments.justification,
            version=arguments.version,
            confidence=arguments.confidence,
            modifications=modifications,
        )
    if arguments.json:
        say_json(made)
    else:
        told = coloured(made.decision, TONES.get(made.decision))
        say(f"{clean(made.apv_code)}: {told} by {clean(made.reviewer_name)}  {made.decision_id}")


def retract(arguments: Namespace) -> None:
    with client(arguments) as hitl:
        record = hitl.retract(_uuid(arguments.decision), arguments.reason)
    if arguments.json:
        say_json(record)
    else:
        say(f"{clean(record.apv_code)}: the decision was taken back  {record.decision_id}")


def report(arguments: Namespace) -> None:
    with client(arguments) as hitl:
        effect = hitl.report_outcome(
            _uuid(arguments.decision), arguments.outcome, notes=arguments.notes, url=arguments.link
        )
    say_json(effect) if arguments.json else say(f"{clean(effect.kind)}: {clean(effect.state)}")


# -- Following --------------------------------------------------------------------------------


def watch(arguments: Namespace) -> None:
    logging.getLogger("hitl_client").setLevel(logging.INFO)  # tells of lost connections
    with client(arguments) as hitl:
        for message in hitl.follow(*(arguments.channels or LOGS), positions=arguments.positions):
            say_json(message) if arguments.json else say(_line(message))


def _line(message: Message) -> str:
    """Return a message for people: when, what, and its fields."""
    when = message.timestamp.astimezone().strftime("%H:%M:%S")
    hidden = {"type", "timestamp", "channel", "offset", "apv_id", "decision_id"}
    if not isinstance(message, Event):
        hidden = {"type", "timestamp"}
    fields = {
        name: value
        for name, value in message.model_dump(mode="json").items()
        if name not in hidden and value not in (None, "")
    }
    words = (f"{clean(name)}={_word(str(value))}" for name, value in fields.items())
    return f"{coloured(when, 'dim')} {coloured(clean(message.type), 'bold')} {' '.join(words)}"


def _word(value: str) -> str:
    return coloured(clean(value), TONES.get(value))


# -- Ids --------------------------------------------------------------------------------------


def _id(hitl: Client, text: str) -> Id:
    """Return the id of an APV that is named by its id or by its code."""
    try:
        return UUID(text)
    except ValueError:
        pass
    if CODE.fullmatch(text):
        for found in hitl.apvs(search=text):
            if found.apv_code == text.upper():
                return found.apv_id
    raise HITLError(f"No APV has the code or id {text}.")


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Misconfigured(f"This is no id of a decision: {text}") from None
