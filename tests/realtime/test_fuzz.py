"""For any text, the socket answers by the protocol, and continues or closes with 1007."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.support.effort import tries
from tests.support.raw import LIMIT, assert_no_traceback
from tests.support.site import Server
from tests.support.waiting import ANSWER_SECONDS

KINDS = ["ping", "subscribe", "unsubscribe", "ack"]
CHANNELS = ["apvs", "decisions", "stats"]
DEEP = 500
"""So many levels are read; more may be malformed."""

numbers = (
    st.integers()
    | st.integers(-(2**64), 2**64)
    | st.floats()
    | st.just(4000).map(lambda digits: 10**digits)
)
texts = st.sampled_from([*KINDS, *CHANNELS, "", "\0", "a\0b", "\ud800", "x" * 101]) | st.text(
    st.characters(categories=None)  # lone surrogates too
)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5),
    max_leaves=10,
)
names = st.lists(st.sampled_from(CHANNELS) | texts, max_size=70)
positions = st.fixed_dictionaries(
    {}, optional={"epoch": texts | values, "offset": numbers | values}
)
messages = st.fixed_dictionaries(
    {"type": st.sampled_from(KINDS)},
    optional={
        "channels": names | values,
        "since": st.dictionaries(texts, positions | values, max_size=3) | values,
        "snapshot": st.booleans() | values,
        "timestamp": texts | values,
        "positions": st.dictionaries(texts, numbers | values, max_size=3) | values,
        "other": values,
    },
)
encoded = st.builds(json.dumps, values | messages, ensure_ascii=st.just(True))


@st.composite
def doubled(draw: st.DrawFn) -> str:
    """Return an object that has some of its keys twice."""
    fields = draw(st.lists(st.tuples(st.sampled_from(["type", "channels"]), values), min_size=2))
    return "{" + ",".join(f"{json.dumps(key)}:{json.dumps(one)}" for key, one in fields) + "}"


@st.composite
def nested(draw: st.DrawFn) -> str:
    """Return a value in more lists or objects than anybody needs, in one of the fields."""
    levels = draw(st.integers(1, 1700))
    opening, closing = draw(st.sampled_from([("[", "]"), ('{"":', "}")]))
    field = draw(st.sampled_from(["type", "channels", "since", "other"]))
    kind = draw(st.sampled_from(KINDS))
    inner = draw(st.sampled_from(["1", '"\\u0041"', "NaN"]))
    return f'{{"type":"{kind}","{field}":{opening * levels}{inner}{closing * levels}}}'


spoiled = st.builds(
    lambda text, at, instead: text[:at] + instead + text[at + 1 :],
    encoded,
    st.integers(0, 60),
    st.sampled_from(["", ",", '"', "\\", "\\u12", "}", "\0", "\n", "NaN", "-", "01", "1e999"]),
)
anything = (encoded | doubled() | nested() | spoiled | st.text()).filter(
    lambda text: len(text.encode()) <= LIMIT
)


def refused(constant: str) -> None:
    raise ValueError(constant)


def is_json(text: str) -> bool | None:
    """Return whether `text` is JSON (RFC 8259), or None if a parser may refuse it."""
    if max(text.count("["), text.count("{")) > DEEP or len(text) > 4000:
        return None  # deep, or with a number longer than Python parses
    try:
        json.dumps(json.loads(text, parse_constant=refused), ensure_ascii=False).encode()
    except ValueError:
        return False
    return True


class Client:
    """A socket that is opened again when it was closed."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.headers = {"Cookie": f"hitl_session={server.client().cookies['hitl_session']}"}
        self.connection = self.open()

    def open(self) -> ClientConnection:
        connection = connect(
            self.server.ws,
            origin=Origin(self.server.origin),
            additional_headers=self.headers,
            proxy=None,
            compression=None,
            legacy=True,
        )
        assert json.loads(connection.recv(ANSWER_SECONDS))["type"] == "connection_ack"
        return connection

    def answers_to(self, text: str) -> list[dict[str, Any]] | int:
        """Return the answers to `text` and to a ping after it, or the close code."""
        answers = []
        try:
            for one in (text, '{"type":"ping"}', '{"type":"unsubscribe","channels":["the end"]}'):
                self.connection.send(one)
            while (answer := self.receive()).get("channels") != ["the end"]:
                answers.append(answer)
        except ConnectionClosed as closed:
            self.connection = self.open()
            return closed.rcvd.code if closed.rcvd else 1006
        return answers

    def receive(self) -> dict[str, Any]:
        return dict(json.loads(self.connection.recv(ANSWER_SECONDS)))


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    client = Client(server)
    yield client
    client.connection.close()


ANSWERS = {"error", "pong", "subscription_confirmed", "unsubscription_confirmed", "stats_update"}


def test_any_text_is_answered_or_closed_with_1007_and_a_ping_behind_it_answered(
    server: Server, client: Client
) -> None:
    told = len(server.printed())

    @settings(
        max_examples=tries(150, thorough=1000),
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(anything)
    def check(text: str) -> None:
        answers = client.answers_to(text)
        json_or_not = is_json(text)
        if isinstance(answers, int):
            assert answers == 1007
            assert json_or_not is not True
        else:
            assert json_or_not is not False
            assert answers[-1]["type"] == "pong"
            assert {one["type"] for one in answers} <= ANSWERS

    check()
    assert_no_traceback(server, told)
