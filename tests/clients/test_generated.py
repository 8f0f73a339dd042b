"""What is generated of the Python client agrees with the server's declarations."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from hitl_client.following import action_after
from hitl_client.line import read_message
from hitl_client.messages import LAST_VALUES, LOGS, MESSAGES
from hitl_client.model import Event
from hitl_project import python_client
from hitl_project.management.commands.write_docs import messages
from realtime import registry
from realtime.messages import LogMessage, Message
from realtime.socket.close_codes import CLOSE_CODES, CloseCode
from reviews.choices import Action, Severity
from reviews.decision_kinds import DecisionKind
from reviews.events import DecisionMade, NewAPV

MODULES = python_client.modules()
EXAMPLES: dict[str, Any] = {
    "NewAPV": NewAPV(
        apv_id=uuid4(),
        apv_code="APV-2026-001",
        severity=Severity.HIGH,
        cve_id=None,
        package_name="x",
        offset=7,
    ),
    "DecisionMade": DecisionMade(
        decision_id=uuid4(),
        apv_id=uuid4(),
        apv_code="APV-2026-001",
        decision=DecisionKind.APPROVE,
        reviewer_name="Rita",
        action_taken=Action.PR_MERGED,
        apv_version=1,
        diff_sha256="0" * 64,
        offset=8,
    ),
}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_module_is_what_the_code_declares(path: Path) -> None:
    assert path.read_text() == MODULES[path], "run make docs"


def test_each_message_of_the_server_has_a_class() -> None:
    assert {model.name(): model.__name__ for model in messages()} == {
        name: model.__name__ for name, model in MESSAGES.items()
    }
    assert (tuple(registry.LOGS), tuple(registry.LAST_VALUES)) == (LOGS, LAST_VALUES)


@pytest.mark.parametrize("model", messages(), ids=lambda model: model.__name__)
def test_class_has_the_fields_of_the_message(model: type[Message]) -> None:
    found = MESSAGES[model.name()]
    assert found.model_fields.keys() == model.model_fields.keys()
    assert issubclass(found, Event) == issubclass(model, LogMessage)


@pytest.mark.parametrize("name", EXAMPLES)
def test_message_is_read_as_it_was_written(name: str) -> None:
    written = EXAMPLES[name]
    read = read_message(written.encode())
    assert type(read).__name__ == name
    assert read.timestamp == written.timestamp
    assert read.model_dump(exclude={"timestamp"}) == written.model_dump(exclude={"timestamp"})


def test_event_from_before_a_field_was_added_is_read() -> None:
    content = json.loads(EXAMPLES["DecisionMade"].encode())
    del content["apv_version"], content["diff_sha256"]
    assert read_message(json.dumps(content)).model_dump()["apv_version"] is None


def test_values_and_messages_of_a_newer_server_are_read() -> None:
    content = json.loads(EXAMPLES["NewAPV"].encode())
    newer = read_message(json.dumps({**content, "severity": "COSMIC", "colour": "red"}))
    assert newer.model_dump()["severity"] == "COSMIC"
    when = datetime.now(UTC).isoformat()
    other = {
        "type": "comment_added",
        "timestamp": when,
        "channel": "apvs",
        "offset": 9,
        "text": "x",
    }
    read = read_message(json.dumps(other))
    assert isinstance(read, Event)
    assert (read.offset, read.model_dump()["text"]) == (9, "x")


@pytest.mark.parametrize("code", CLOSE_CODES, ids=lambda code: f"{int(code)} {code.reason}")
def test_client_does_after_a_close_code_what_the_server_declares(code: CloseCode) -> None:
    assert action_after(int(code), code.reason) == code.action.in_browser


def test_client_resumes_after_other_codes() -> None:
    assert {action_after(code, "") for code in (None, 1000, 1006, 1011, 4999)} == {"resume"}
