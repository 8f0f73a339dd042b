"""From a forge to an APV: what bots and people do there, over a fake of each forge."""

import pytest

from forges import sync
from forges.models import Repository
from reviews.models import APV, Revision
from tests.support.forges import FakeForge, Pull, Repo

pytestmark = [pytest.mark.django_db, pytest.mark.server]

PATH = "acme/shop"


def manifest(version: str, more: str = "") -> str:
    return (
        f'{{\n  "name": "shop",{more}\n  "dependencies": {{\n    "lodash": "{version}"\n  }}\n}}\n'
    )


@pytest.fixture
def repo(fake: FakeForge) -> Repo:
    return fake.repository(PATH, {"package.json": manifest("4.17.20"), "README.md": "# Shop\n"})


@pytest.fixture
def pull(fake: FakeForge, repo: Repo, repository: Repository) -> Pull:
    opened = fake.open_pull_request(
        repo,
        "dependabot/npm/lodash",
        {"package.json": manifest("4.17.21")},
        title="Bump lodash from 4.17.20 to 4.17.21",
        author="dependabot[bot]",
    )
    sync.read_pull_request(repository, opened.number)
    return opened


def read(repository: Repository, pull: Pull) -> APV:
    sync.read_pull_request(repository, pull.number)
    return APV.objects.get()


def test_pull_request_of_a_bot_becomes_an_apv(pull: Pull, repository: Repository) -> None:
    apv = APV.objects.get()
    assert (apv.package_name, apv.package_ecosystem) == ("lodash", "npm")
    assert (apv.package_version, apv.fixed_version) == ("4.17.20", "4.17.21")
    assert (apv.pr_number, apv.head_commit) == (pull.number, pull.head_sha)
    assert apv.pr_url != ""
    assert '+    "lodash": "4.17.21"' in apv.patch_diff
    assert read(repository, pull).version == 1


def test_checks_become_its_validation(
    fake: FakeForge, repo: Repo, repository: Repository, pull: Pull
) -> None:
    fake.add_check(repo, pull.head_sha, "ci", "success")
    apv = read(repository, pull)
    assert [(one["name"], one["state"]) for one in apv.checks] == [("ci", "success")]
    assert (apv.validation_passed, apv.revision) == (True, 1)


def test_force_push_makes_the_next_revision(
    fake: FakeForge, repository: Repository, pull: Pull
) -> None:
    fake.push(pull, {"package.json": manifest("4.17.22")}, force=True)
    apv = read(repository, pull)
    assert (apv.revision, apv.fixed_version, apv.head_commit) == (2, "4.17.22", pull.head_sha)
    assert Revision.objects.get(number=2).same_patch is False


def test_rebase_is_the_same_patch(
    fake: FakeForge, repo: Repo, repository: Repository, pull: Pull
) -> None:
    fake.push_to_main(repo, {"README.md": "# The shop\n"})
    fake.rebase(pull)
    apv = read(repository, pull)
    assert (apv.revision, apv.head_commit) == (2, pull.head_sha)
    assert Revision.objects.get(number=2).same_patch is True


def test_end_of_the_pull_request_withdraws_it_and_reopening_brings_it_back(
    fake: FakeForge, repository: Repository, pull: Pull
) -> None:
    fake.close(pull, by="alice")
    closed = read(repository, pull)
    assert (closed.status, closed.withdrawn_reason) == ("withdrawn", "closed")
    fake.reopen(pull)
    assert read(repository, pull).status == "pending"
    fake.merge(pull, by="alice")
    merged = read(repository, pull)
    assert (merged.status, merged.withdrawn_reason) == ("withdrawn", "merged")
    assert merged.withdrawn_by == "alice"


def test_pull_request_of_somebody_else_is_left_alone(
    fake: FakeForge, repo: Repo, repository: Repository
) -> None:
    other = fake.open_pull_request(repo, "mine", {"README.md": "# Mine\n"}, author="alice")
    sync.read_pull_request(repository, other.number)
    assert not APV.objects.exists()
