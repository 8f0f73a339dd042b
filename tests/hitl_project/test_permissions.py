"""Who may do what, through every interface: the table in docs/security.md, cell by cell."""

import contextlib
import inspect
import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from hitl_project.management.commands.write_docs import DOCS
from tests.support.forms import fields_of
from tests.support.people import api, issue, new_user, opened, signed_in
from tests.support.site import Server, Site, Socket, apv, decision

NOBODIES = ("anonymous", "disabled")
SIGN_IN = re.compile(r"^/(sign-in|admin/login/)")
REST = ("REST by session", "REST by API token", "REST by JWT")
SOCKET = ("socket by session", "socket by API token", "socket by JWT", "socket by ticket")


def table() -> dict[str, dict[str, bool]]:
    """Return whether each role may do each thing."""
    text = (DOCS / "security.md").read_text().split("## Who may do what", 1)[1]
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    (_, *roles), _, *things = rows[: 2 + len(ACTIONS)]
    return {
        what: dict(zip(roles, [cell == "yes" for cell in cells], strict=True))
        | dict.fromkeys(NOBODIES, False)
        for what, *cells in things
    }


@dataclass
class Person:
    """A user with one credential of each kind."""

    server: Server
    user: str
    token: str = "hitl_none"
    access: str = "a.b.c"

    def client(self, door: str) -> httpx.Client:
        match door.rpartition(" by ")[2]:
            case "API token":
                return api(self.server, f"Bearer {self.token}")
            case "JWT":
                return api(self.server, f"Bearer {self.access}")
            case _:
                return self.server.client(self.user)

    @contextlib.asynccontextmanager
    async def socket(self, door: str) -> AsyncIterator[Socket]:
        """Open a socket; raise ConnectionClosed if it is refused."""
        async with contextlib.AsyncExitStack() as stack:
            if door == "socket by ticket":
                ticket = self.client("").post("/hitl/ws/ticket").json().get("ticket", "none")
                address = f"{self.server.ws}?token={ticket}"
                opening = self.server.socket("", origin=None, uri=address)
            elif door == "socket by session":
                opening = self.server.socket(self.user)
            else:
                token = self.token if door == "socket by API token" else self.access
                opening = opened(self.server, f"Bearer {token}")
            yield await stack.enter_async_context(opening)


@pytest.fixture(scope="module")
def server(site: Site) -> Iterator[Server]:
    """A server whose decisions can be taken back for as long as the tests run."""
    with site.uvicorn(HITL_UNDO_SECONDS="3600") as server:
        yield server


@pytest.fixture(scope="module")
def people(server: Server, site: Site) -> dict[str, Person]:
    """One user of each role; the disabled one signed in before."""
    groups = ("observers", "pipelines", "reviewers", "leads")
    names = {group: new_user(site, group) for group in groups}
    names |= {"admin": "admin", "disabled": new_user(site, "leads")}
    made = {
        role: Person(server, user, issue(site, user), signed_in(server, user)["access"])
        for role, user in names.items()
    }
    for person in made.values():
        person.client("")
    site.execute("UPDATE auth_user SET is_active = false WHERE username = %s", names["disabled"])
    return made | {"anonymous": Person(server, "")}


# -- Each action, through each of its interfaces -----------------------------------------------


def granted(answer: httpx.Response) -> bool:
    """Return whether a request was carried out, not refused or redirected to sign-in."""
    if answer.status_code == 302:
        return not SIGN_IN.match(answer.headers["Location"])
    assert answer.status_code in {200, 201, 401, 403}, answer.text
    return answer.status_code < 300


def reads(path: str) -> Callable[[Person, str], bool]:
    return lambda person, door: granted(person.client(door).get(path))


def hears(channel: str) -> Any:
    async def may_subscribe(person: Person, door: str) -> bool:
        try:
            async with person.socket(door) as socket:
                answer = await socket.ask({"type": "subscribe", "channels": [channel]})
        except ConnectionClosed:
            return False
        return bool(answer["type"] == "subscription_confirmed")

    return may_subscribe


def adds(person: Person, door: str) -> bool:
    return granted(person.client(door).post("/hitl/apvs", json=apv()))


def changes(person: Person, door: str) -> bool:
    added = person.server.add_apv()
    body = {"version": 1, "wargame_verdict": "failure"}
    return granted(person.client(door).patch(f"/hitl/apvs/{added['apv_id']}", json=body))


def comments(person: Person, door: str) -> bool:
    added = person.server.add_apv()
    if door in REST:
        path = f"/hitl/apvs/{added['apv_id']}/comments"
        return granted(person.client(door).post(path, json={"text": "Hello"}))
    page = f"/apvs/{added['apv_code']}/comments"
    return granted(person.client(door).post(page, data={"text": "Hello"}))


def decides(status: str) -> Callable[[Person, str], bool]:
    """Decide on a new APV of that status, over REST, on its page or in the admin."""

    def decide(person: Person, door: str) -> bool:
        added = person.server.add_apv()
        if status == "escalated":
            person.server.decide(added["apv_id"], decision="escalate")
        if door in REST:
            body = decision(added["apv_id"])
            return granted(person.client(door).post("/hitl/decisions", json=body))
        page = f"/apvs/{added['apv_code']}"
        if door == "admin":
            page = f"/admin/reviews/apv/{added['apv_id']}/decide/"
        form = {**decision(added["apv_id"]), "confidence": "1", "modifications": ""}
        version = "2" if status == "escalated" else "1"
        asked = person.client(door).post(page, data={**form, "version": version})
        return granted(asked) and granted(person.client(door).post(page, data=fields_of(asked)))

    return decide


def decides_for_another(person: Person, door: str) -> bool:
    """Return whether the name in the body is recorded."""
    body = decision(person.server.add_apv()["apv_id"], reviewer_name="Somebody Else")
    answer = person.client(door).post("/hitl/decisions", json=body)
    return granted(answer) and answer.json()["reviewer_name"] == "Somebody Else"


def takes_back_own(person: Person, door: str) -> bool:
    """Take a decision of one's own back; whoever cannot decide tries it on somebody's."""
    body = decision(person.server.add_apv()["apv_id"])
    made = person.client(door).post("/hitl/decisions", json=body)
    if not granted(made):
        made = person.server.post("/hitl/decisions", body)
    return takes_back(person, door, made)


def takes_back_of_others(person: Person, door: str) -> bool:
    return takes_back(person, door, person.server.decide(person.server.add_apv()["apv_id"]))


def takes_back(person: Person, door: str, made: httpx.Response) -> bool:
    path = f"/hitl/decisions/{made.json()['decision_id']}/retract"
    return granted(person.client(door).post(path, json={"reason": "The wrong one."}))


def reports_outcome(person: Person, door: str) -> bool:
    made = person.server.decide(person.server.add_apv()["apv_id"])
    path = f"/hitl/decisions/{made.json()['decision_id']}/outcome"
    return granted(person.client(door).post(path, json={"outcome": "done"}))


Doors = dict[str, Any]


def each(doors: tuple[str, ...], action: Any) -> Doors:
    return dict.fromkeys(doors, action)


ACTIONS: dict[str, Doors] = {
    "read APVs": {
        **each(REST, reads("/hitl/reviews")),
        **each(SOCKET, hears("apvs")),
        "pages": reads("/"),
        "admin": reads("/admin/reviews/apv/"),
    },
    "read decisions": {
        **each(REST, reads("/hitl/decisions")),
        **each(SOCKET, hears("decisions")),
        "pages": reads("/?status=decided"),
        "admin": lambda person, door: all(
            reads(f"/admin/reviews/{page}/")(person, door)
            for page in ("decision", "effect", "retraction", "gate")
        ),
    },
    "read statistics": {
        **each(REST, reads("/hitl/reviews/stats")),
        **each(SOCKET, hears("stats")),
    },
    "add APVs": {**each(REST, adds), "admin": reads("/admin/reviews/apv/add/")},
    "change the evidence of APVs": each(REST, changes),
    "comment on APVs": each((*REST, "pages"), comments),
    "decide on pending APVs": each((*REST, "pages", "admin"), decides("pending")),
    "decide on escalated APVs": each((*REST, "pages", "admin"), decides("escalated")),
    "decide on behalf of others": each(REST, decides_for_another),
    "take their own decisions back": each(REST, takes_back_own),
    "take decisions of others back": each(REST, takes_back_of_others),
    "report outcomes of decisions": each(REST, reports_outcome),
    "keep rules for deadlines": {"admin": reads("/admin/reviews/deadlinerule/add/")},
    "manage policies": {"pages": reads("/policies")},
    "manage users and tokens": {
        "admin": lambda person, door: all(
            granted(person.client(door).get(f"/admin/{page}/"))
            for page in ("auth/user", "auth/group", "knox/authtoken", "knox/authtoken/add")
        )
    },
}
CELLS = [
    (role, what, door)
    for what, doors in ACTIONS.items()
    for door in doors
    for role in (*NOBODIES, "observers", "pipelines", "reviewers", "leads", "admin")
]


@pytest.mark.parametrize(("role", "what", "door"), CELLS)
async def test_door_opens_to_whom_the_table_names(
    people: dict[str, Person], role: str, what: str, door: str
) -> None:
    opens = ACTIONS[what][door](people[role], door)
    if inspect.isawaitable(opens):
        opens = await opens
    is_staff = role == "admin"
    assert opens == (table()[what][role] and (door != "admin" or is_staff))


def test_table_and_test_name_the_same_things() -> None:
    assert list(table()) == list(ACTIONS)
