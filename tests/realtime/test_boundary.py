"""`realtime` does not depend on APVs: other apps declare and register what is sent."""

import re

import pytest
from django.core.management import call_command

from realtime.messages import LogMessage, Message
from realtime.models import Counter
from realtime.registry import CHANNELS, LOGS, LogChannel, register
from tests.support.site import ROOT

OURS = [
    path
    for pattern in ("*.py", "*.js")
    for path in (ROOT / "realtime").rglob(pattern)
    if "__pycache__" not in path.parts
]


def test_no_file_of_it_names_what_is_reviewed() -> None:
    named = re.compile(r"\bapvs?\b(?! )|\bdecisions?\b|\breviews?\b", re.IGNORECASE)
    found = {path.name: named.findall(path.read_text()) for path in OURS}
    assert {name: words for name, words in found.items() if words} == {}


def test_channel_whose_name_is_taken_is_refused() -> None:
    taken = next(iter(CHANNELS))
    with pytest.raises(ValueError, match=taken):
        register(LogChannel(taken, permission="auth.view_user", messages=()))


def test_log_refuses_a_message_that_is_no_event_of_it() -> None:
    class Stray(LogMessage):
        type: str = "stray"
        channel: str = "elsewhere"

    with pytest.raises(ValueError, match="no event of the channel 'here'"):
        register(LogChannel("here", permission="auth.view_user", messages=(Stray,)))
    assert "here" not in CHANNELS
    assert issubclass(Stray, Message)


@pytest.mark.django_db
def test_each_log_is_started_by_migrations() -> None:
    assert set(LOGS) <= set(Counter.objects.values_list("channel", flat=True))
    Counter.objects.all().delete()
    call_command("migrate", verbosity=0)
    assert set(LOGS) == set(Counter.objects.values_list("channel", flat=True))
