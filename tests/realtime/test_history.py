"""An epoch belongs to one history of the database, and another history begins new ones."""

import pytest
from django.db import connection

from hitl_project.variables import database_settings
from realtime import log
from realtime.models import Counter
from realtime.registry import LOGS
from realtime.socket.close_codes import SERVICE_RESTART
from reviews.models import APV
from tests.support.site import Server, Site, add

EARLIER = "1/1/00000001"


@pytest.fixture
def promoted(db: None) -> dict[str, str]:
    """Give every channel the history of before, and return its epochs."""
    epochs = dict(Counter.objects.values_list("channel", "epoch"))
    Counter.objects.update(history=EARLIER)
    return epochs


def test_history_names_cluster_database_and_timeline(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT realtime_history()")
        cluster, database, timeline = cursor.fetchone()[0].split("/")
    assert cluster.isdigit()
    assert database.isdigit()
    assert timeline == "00000001"


def test_positions_of_an_earlier_history_belong_to_no_epoch(promoted: dict[str, str]) -> None:
    assert {position.epoch for position in log.positions().values()} == {""}


def test_hub_begins_new_epochs_once(promoted: dict[str, str]) -> None:
    begun = log.current_positions()
    assert set(begun) == LOGS.keys()
    assert all(position.epoch not in {"", promoted[name]} for name, position in begun.items())
    assert log.current_positions() == begun


def test_event_begins_a_new_epoch_of_its_channel(promoted: dict[str, str]) -> None:
    tops = {name: position.offset for name, position in log.positions().items()}
    APV.objects.create(severity="LOW", package_name="six", patch_strategy="version_bump")
    position = log.positions()["apvs"]
    assert position.epoch not in {"", promoted["apvs"]}
    assert position.offset == tops["apvs"] + 1


def test_events_are_read_in_their_own_epoch_only(db: None) -> None:
    before = log.positions()["apvs"]
    APV.objects.create(severity="LOW", package_name="six", patch_strategy="version_bump")
    assert len(log.events_after("apvs", before, limit=10)) == 1
    Counter.objects.update(history=EARLIER)
    assert log.events_after("apvs", before, limit=10) == []
    log.current_positions()
    assert log.events_after("apvs", before, limit=10) == []


async def test_open_sockets_are_told_to_reload(uvicorn_server: Server, site: Site) -> None:
    async with uvicorn_server.socket() as socket:
        known = (await socket.subscribe("apvs"))["positions"]
        site.execute("UPDATE realtime_counter SET history = %s", EARLIER)
        assert await socket.close_code() == SERVICE_RESTART
    async with uvicorn_server.socket() as socket:
        confirmed = await socket.subscribe("apvs", since=known)
        assert confirmed["recovered"] == {"apvs": False}
        assert confirmed["reason"] == {"apvs": "epoch"}
        [apv_id] = add(uvicorn_server, 1)
        assert (await socket.receive())["apv_id"] == apv_id


def test_url_may_name_several_hosts() -> None:
    found = database_settings(
        "postgresql://me:a%23b@one:5433,two:5434/hitl?target_session_attrs=read-write"
    )
    assert found == {
        "NAME": "hitl",
        "USER": "me",
        "PASSWORD": "a#b",
        "HOST": "one,two",
        "PORT": "5433,5434",
        "OPTIONS": {"target_session_attrs": "read-write"},
    }
