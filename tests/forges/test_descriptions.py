"""Each request of the client of GitHub fits what GitHub itself publishes of its APIs."""

from pathlib import Path

import pytest
from graphql import GraphQLEnumType, GraphQLSchema, build_schema, parse, validate

from forges.choices import CheckState, MergeMethod
from forges.clients import client_for, merge_queues
from forges.clients.base import Client
from forges.clients.github import GitHub
from forges.errors import Refused
from tests.support.forges import FakeGitHub, Pull
from tests.support.forges.github_graphql import SUBSET
from tests.support.forges.stand_ins import prism, public_schema

pytestmark = pytest.mark.server

PATH = "acme/shop"


# -- REST ------------------------------------------------------------------------------------------


def test_every_request_fits_githubs_description(github: FakeGitHub, tmp_path: Path) -> None:
    repo = github.repository(PATH)
    github.account("maria")
    pulls = [github.open_pull_request(repo, f"b/{n}", {f"f{n}": "1\n"}) for n in range(3)]
    with prism(tmp_path, github.url) as url:
        for forge in (github.row(api_url=url), github.app_row()):
            forge.api_url = url
            with client_for(forge) as client:
                assert isinstance(client, GitHub)
                _use_all(client, pulls.pop(), github)
        [left], before = pulls, len(github.writes)
        values = {"method": "fast", "head_sha": left.head_sha}
        with client_for(github.row(api_url=url)) as client, pytest.raises(Refused):
            client.merge(PATH, left.number, **values)  # type: ignore[arg-type]
        assert len(github.writes) == before  # Prism let none through
    methods = {one.path.rpartition("/")[2] for one in github.writes}
    assert {"merge", "comments", "reviews", "assignees", "access_tokens"} <= methods


def _use_all(client: Client, pull: Pull, github: FakeGitHub) -> None:
    """Send each request that the client of GitHub has.

    Except those of merge queues, which are GraphQL, and `delete_branch`: GitHub describes the name
    of a branch as several segments of the path (`x-multi-segment`), and Prism knows no such thing.
    """
    number, head = pull.number, pull.head_sha
    client.grants()
    client.repository(PATH)
    client.pull_request(PATH, number)
    client.message(PATH, number)
    assert client.diff(PATH, number)
    client.checks(PATH, head)
    [page] = client.open_pull_requests(PATH)
    list(client.open_pull_requests(PATH, page.etag))
    client.set_status(
        PATH, head, state=CheckState.SUCCESS, description="x", url="https://c.example/"
    )
    client.comment(PATH, number, "Hello")
    client.request_changes(PATH, number, head_sha=head, text="Pin it.")
    assert client.has_comment(PATH, number, "Hello")
    assert client.has_change_request(PATH, number, "Pin it.")
    client.assign(PATH, number, "maria")
    client.merge(PATH, number, head_sha=head, method=MergeMethod.SQUASH)
    closed = github.open_pull_request(pull.repo, f"c/{number}", {"c": "1\n"})
    client.close(PATH, closed.number)
    client.pull_request(PATH, closed.number)


# -- GraphQL ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema(public_schema(), assume_valid=True)


@pytest.mark.parametrize(
    "document", [merge_queues.LOOK, merge_queues.ENQUEUE, merge_queues.DEQUEUE]
)
def test_each_document_fits_githubs_public_schema(schema: GraphQLSchema, document: str) -> None:
    assert validate(schema, parse(document)) == []


def test_document_with_an_unknown_field_does_not_fit(schema: GraphQLSchema) -> None:
    assert validate(schema, parse(merge_queues.LOOK.replace("headRefOid", "headSha")))


def test_fake_has_a_part_of_githubs_public_schema(schema: GraphQLSchema) -> None:
    for name, part in build_schema(SUBSET).type_map.items():
        whole = schema.type_map[name]
        if isinstance(part, GraphQLEnumType) and isinstance(whole, GraphQLEnumType):
            assert part.values.keys() == whole.values.keys(), name
        for field, value in getattr(part, "fields", {}).items():
            assert str(value.type) == str(whole.fields[field].type), f"{name}.{field}"  # type: ignore[attr-defined]
            for argument, given in getattr(value, "args", {}).items():
                assert str(given.type) == str(whole.fields[field].args[argument].type)  # type: ignore[attr-defined]
