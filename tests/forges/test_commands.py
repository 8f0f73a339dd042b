"""`connect_forge`, `watch_repository`, `sync_forges` and `encrypt_again`."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command

from audit.models import Entry
from forges.models import Forge, Repository
from tests.support.forges import ACCOUNT, TOKEN, FakeForge, FakeGitHub, FakeGitLab

pytestmark = [pytest.mark.django_db, pytest.mark.server]


@pytest.fixture
def token(tmp_path: Path) -> str:
    return written(tmp_path / "token", f"{TOKEN}\n")


def written(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def connect(fake: FakeForge, *more: str) -> None:
    address = ["--url", fake.url, "--api-url", fake.url + fake.api]
    call_command("connect_forge", fake.kind, "--name", "ours", *address, *more)


def audited() -> list[tuple[str, str, dict[str, Any]]]:
    found = Entry.objects.order_by("sequence").values_list("action", "object", "details")
    return [(action, about, json.loads(details)) for action, about, details in found]


# -- Connecting -------------------------------------------------------------------------------


def test_forge_is_connected_and_its_new_secret_shown_once(
    fake: FakeForge, token: str, capsys: pytest.CaptureFixture[str]
) -> None:
    connect(fake, "--token-file", token)
    said = capsys.readouterr().out
    forge = Forge.objects.get()
    [secret] = forge.secrets()
    assert f"ours: connected as {ACCOUNT}" in said
    assert f"secret:  {secret}" in said
    assert "/hitl/forges/ours/webhook" in said
    assert TOKEN not in said
    assert forge.decrypted_credentials().token == TOKEN
    assert TOKEN.encode() not in bytes(forge.credentials)
    [(action, about, details)] = audited()
    assert (action, about, details["change"]) == ("forge_changed", "forge ours", "added")
    assert TOKEN not in str(details)
    assert secret not in str(details)

    connect(fake, "--token-file", token)
    assert secret not in capsys.readouterr().out
    assert Forge.objects.get().secrets() == [secret]


def test_wrong_token_stores_nothing(fake: FakeForge, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="ours does not take the credentials") as caught:
        connect(fake, "--token-file", written(tmp_path / "token", "hunter2"))
    assert "hunter2" not in str(caught.value)
    assert not Forge.objects.exists()
    assert audited() == []


def test_secrets_are_exchanged_one_by_one(
    github: FakeGitHub, token: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = written(tmp_path / "first", "the first of the secrets")
    connect(github, "--token-file", token, "--webhook-secret-file", first)
    connect(github, "--new-webhook-secret")
    made, kept = Forge.objects.get().secrets()
    assert kept == "the first of the secrets"
    said = capsys.readouterr().out
    assert made in said
    assert kept not in said
    connect(github, "--forget-old-secrets")
    assert Forge.objects.get().secrets() == [made]


def test_credentials_are_not_sent_to_another_address(github: FakeGitHub, token: str) -> None:
    connect(github, "--token-file", token)
    with FakeGitHub() as other:
        with pytest.raises(CommandError, match="Enter the credentials again"):
            connect(other)
        assert other.asked == []
    assert Forge.objects.get().url == github.url


def test_app_is_connected_by_its_key(
    github: FakeGitHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = github.app_row()
    app = row.decrypted_credentials()
    key = written(tmp_path / "key", app.private_key)
    given = ["--app-id", app.app_id, "--installation-id", app.installation_id]
    connect(github, *given, "--private-key-file", key)
    said = capsys.readouterr().out
    assert "[bot]" in said
    assert "may:" in said
    assert "PRIVATE KEY" not in said


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ([], "Enter a token, or an app's key."),
        (["--app-id", "1"], "an App needs --app-id, --installation-id and --private-key-file"),
        (["--token-file", "TOKEN", "--app-id", "1"], "not both"),
        (["--token-file", "/nowhere"], "/nowhere: No such file or directory"),
        (["--token-file", "TOKEN", "--name", "No Name"], "name: Use a to z, 0 to 9 and hyphens."),
        (["--token-file", "TOKEN", "--url", "ftp:x"], "url: Enter a valid URL."),
        (["--token-file", "TOKEN", "--webhook-secret-file", "SHORT"], "at least 16 characters"),
        (["--token-file", "BINARY"], "not a short text in UTF-8"),
    ],
)
def test_what_cannot_be_is_named(
    github: FakeGitHub, token: str, tmp_path: Path, given: list[str], why: str
) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    files = {
        "TOKEN": token,
        "SHORT": written(tmp_path / "short", "short"),
        "BINARY": str(tmp_path / "binary"),
    }
    with pytest.raises(CommandError) as caught:
        connect(github, *(files.get(one, one) for one in given))
    assert why in str(caught.value)
    assert not Forge.objects.exists()


# -- Watching ---------------------------------------------------------------------------------


def test_repository_is_watched_with_its_rules_and_read(
    fake: FakeForge, token: str, capsys: pytest.CaptureFixture[str]
) -> None:
    repo = fake.repository("acme/shop")
    connect(fake, "--token-file", token)
    rules = ["--label", "security", "--branch", "bot/*", "--only-fixes"]
    call_command("watch_repository", "ours", "acme/shop", *rules)
    repository = Repository.objects.get()
    assert (repository.labels, repository.branches) == (["security"], ["bot/*"])
    assert (repository.takes_unfixing, repository.remote_id) == (False, str(repo.id))
    assert "acme/shop: watched" in capsys.readouterr().out
    call_command("watch_repository", "ours", "acme/shop", "--stop")
    repository.refresh_from_db()
    assert not repository.watched
    fake.rename(repo, "acme/store")
    call_command("watch_repository", "ours", "acme/store")
    repository.refresh_from_db()
    assert (repository.path, repository.watched, repository.labels) == ("acme/store", True, [])
    assert [action for action, _, _ in audited()[1:]] == ["repository_changed"] * 3


def test_what_decisions_do_stays_unless_it_is_given(github: FakeGitHub, token: str) -> None:
    github.repository("acme/shop")
    connect(github, "--token-file", token)
    watch = ("watch_repository", "ours", "acme/shop")
    call_command(*watch)
    assert what_decisions_do() == ("merge", False, "", False)
    given = ["--merge-method", "squash", "--delete-branch", "--assignee", "maria"]
    call_command(*watch, *given, "--name-reviewers")
    call_command(*watch, "--label", "security")
    assert what_decisions_do() == ("squash", True, "maria", True)
    [*_, before, _] = audited()
    assert before[2] | {"merge_method": "squash", "assignee": "maria"} == before[2]
    call_command(*watch, "--no-delete-branch", "--assignee", "", "--no-name-reviewers")
    assert what_decisions_do() == ("squash", False, "", False)


def test_merge_method_is_one_that_the_repository_allows(
    fake: FakeForge, token: str, capsys: pytest.CaptureFixture[str]
) -> None:
    repo = fake.repository("acme/shop")
    connect(fake, "--token-file", token)
    watch = ("watch_repository", "ours", "acme/shop")
    repo.methods = ("squash",)
    call_command(*watch)
    assert what_decisions_do()[0] == "squash"
    with pytest.raises(CommandError, match="1 of 1 failed"):
        call_command(*watch, "--merge-method", "merge")
    assert "it does not allow the merge method merge, only: squash" in capsys.readouterr().err
    assert what_decisions_do()[0] == "squash"


def what_decisions_do() -> tuple[str, bool, str, bool]:
    row = Repository.objects.get()
    return row.merge_method, row.deletes_branch, row.assignee, row.names_reviewers


def test_what_no_forge_would_do_is_refused(
    gitlab: FakeGitLab, token: str, capsys: pytest.CaptureFixture[str]
) -> None:
    gitlab.repository("acme/shop")
    connect(gitlab, "--token-file", token)
    refused = {
        ("--merge-method", "rebase"): "merge_method: GitLab rebases if the project is set so",
        ("--assignee", "@maria"): "assignee: Write the name of one account, without @.",
        ("--label", "x" * 201): "labels: Item 1 in the array did not validate",
    }
    for given, why in refused.items():
        with pytest.raises(CommandError, match="1 of 1 failed"):
            call_command("watch_repository", "ours", "acme/shop", *given)
        assert f"acme/shop: {why}" in capsys.readouterr().err
    assert not Repository.objects.exists()


def test_each_path_that_fails_is_named(
    github: FakeGitHub, token: str, capsys: pytest.CaptureFixture[str]
) -> None:
    github.repository("acme/shop")
    connect(github, "--token-file", token)
    with pytest.raises(CommandError, match="1 of 2 failed"):
        call_command("watch_repository", "ours", "acme/none", "acme/shop")
    assert "acme/none: " in capsys.readouterr().err
    assert Repository.objects.get().path == "acme/shop"
    with pytest.raises(CommandError, match="1 of 1 failed"):
        call_command("watch_repository", "ours", "acme/none", "--stop")
    with pytest.raises(CommandError, match="no forge is connected as 'theirs'"):
        call_command("watch_repository", "theirs", "acme/shop")


# -- Comparing --------------------------------------------------------------------------------


def test_command_says_what_it_did(fake: FakeForge, capsys: pytest.CaptureFixture[str]) -> None:
    fake.open_pull_request(fake.repository("acme/shop"), "bump", {"a": "1\n"})
    repository = fake.watched("acme/shop")
    call_command("sync_forges", progress=True)
    said = capsys.readouterr()
    assert said.out == f"{repository.forge.name} acme/shop: 1 open, 1 read\n"
    assert "1 of 1 pull requests (100 %)" in said.err


def test_repository_that_fails_does_not_stop_the_next(
    github: FakeGitHub, capsys: pytest.CaptureFixture[str]
) -> None:
    github.repository("acme/there")
    there = github.watched("acme/there")
    Repository.objects.create(forge=there.forge, path="acme/gone")
    unwatched = Repository.objects.create(forge=there.forge, path="acme/quiet", watched=False)
    with pytest.raises(CommandError, match="1 problems"):
        call_command("sync_forges", there.forge.name)
    said = capsys.readouterr()
    assert "acme/there: 0 open, 0 read" in said.out
    assert "acme/gone: " in said.err
    assert "quiet" not in said.out + said.err
    unwatched.refresh_from_db()
    assert unwatched.synced_at is None


def test_unknown_forge_is_named() -> None:
    with pytest.raises(CommandError, match="no forge is connected as nobodys"):
        call_command("sync_forges", "nobodys")


# -- Keys -------------------------------------------------------------------------------------


def test_everything_is_encrypted_under_the_first_key(
    github: FakeGitHub, token: str, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    connect(github, "--token-file", token)
    secrets = Forge.objects.get().secrets()
    old, new = settings.HITL_ENCRYPTION_KEYS, [Fernet.generate_key().decode()]
    settings.HITL_ENCRYPTION_KEYS = [*new, *old]
    call_command("encrypt_again")
    assert "1 of 1 forges encrypted again" in capsys.readouterr().out
    settings.HITL_ENCRYPTION_KEYS = new
    forge = Forge.objects.get()
    assert forge.decrypted_credentials().token == TOKEN
    assert forge.secrets() == secrets
    settings.HITL_ENCRYPTION_KEYS = old
    with pytest.raises(CommandError, match="decrypts those of ours"):
        call_command("encrypt_again")
