import pytest

from tests.support.forges import FakeForge, Pull, Repo

PATH = "acme/shop"


@pytest.fixture
def repo(fake: FakeForge) -> Repo:
    return fake.repository(PATH, {"package.json": '{"lodash": "4.17.20"}\n'})


@pytest.fixture
def pull(fake: FakeForge, repo: Repo) -> Pull:
    return fake.open_pull_request(
        repo,
        "dependabot/npm/lodash",
        {"package.json": '{"lodash": "4.17.21"}\n'},
        title="Bump lodash",
        body="It is **new**.",
        message="Bump lodash\n\nFrom 4.17.20 to 4.17.21.",
        labels=["dependencies"],
    )
