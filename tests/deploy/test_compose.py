"""compose.yaml is valid, keeps its promises and fits the rest; its secrets are made and kept."""

import json
import re
import ssl
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.fernet import Fernet

from tests.support.certificates import certificate_for
from tests.support.site import ROOT

compose_spec = pytest.importorskip("compose_spec", reason="not compiled for this platform")

FOLDER = ROOT / "deploy" / "compose"
TEXT = (ROOT / "compose.yaml").read_text()
VARIABLE = re.compile(r"\$\{([A-Z_]+)(?::-([^}]*))?\}")
OURS = ("secrets", "migrate", "web1", "web2", "worker", "nginx")
SECRETS = re.compile(r"(?i)password|secret_key|_keys?\b|token")


def composed(**variables: str) -> dict[str, Any]:
    """Return the file with its variables replaced, as `docker compose config` does."""
    text = VARIABLE.sub(lambda found: variables.get(found[1], found[2] or ""), TEXT)
    return dict(yaml.safe_load(text))


def services() -> dict[str, Any]:
    return dict(composed()["services"])


def valid(document: dict[str, Any]) -> bool:
    try:
        compose_spec.PyCompose.from_json(json.dumps(document))
    except ValueError:
        return False
    return True


# -- The file ---------------------------------------------------------------------------------


def test_file_follows_the_specification() -> None:
    assert valid(composed())
    assert valid(composed(CONSOLE_HOST="console.example.com", CONSOLE_TLS="./tls"))
    misspelt = composed()
    misspelt["services"]["web1"]["restrat"] = "always"
    assert not valid(misspelt)


def test_every_service_depends_on_services_that_are_there() -> None:
    for name, service in services().items():
        for other, how in service.get("depends_on", {}).items():
            target = services()[other]
            assert how["condition"] != "service_healthy" or has_health_check(target), name
            once = how["condition"] == "service_completed_successfully"
            assert once == (target["restart"] == "no"), f"{name} waits for {other}"


def has_health_check(service: dict[str, Any]) -> bool:
    """Return whether a service has one, or its image does."""
    own = service.get("healthcheck", {"test": service["image"] == "hitl-console"})
    return bool(own.get("test")) and not own.get("disable")


def test_no_secret_stands_in_the_file_or_has_a_default() -> None:
    for name, service in services().items():
        for variable, value in service.get("environment", {}).items():
            if SECRETS.search(variable):
                assert variable.endswith("_FILE"), (name, variable)
                assert str(value).startswith("/secrets/"), (name, variable)
    assert not [name for name, _ in VARIABLE.findall(TEXT) if SECRETS.search(name)]


def test_only_nginx_can_be_reached_and_from_this_machine_alone_unless_told() -> None:
    published = {name: one["ports"] for name, one in services().items() if "ports" in one}
    assert published == {"nginx": ["127.0.0.1:443:8443", "127.0.0.1:80:8080"]}
    assert composed()["networks"]["inside"]["internal"] is True
    assert services()["database"]["networks"] == ["inside"]
    assert services()["valkey"]["networks"] == ["inside"]


@pytest.mark.parametrize("name", OURS)
def test_container_can_write_nothing_and_has_no_capability(name: str) -> None:
    service = services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "cap_add" not in service
    assert "privileged" not in service
    if name != "secrets":  # a new volume belongs to root
        assert not str(service.get("user", "")).startswith("0")


def test_service_trusts_the_address_that_nginx_has_and_nginx_knows_the_services() -> None:
    for prefix in ("172.30.83", "10.9.8"):
        of = composed(CONSOLE_NETWORK=prefix)
        network = of["services"]["nginx"]["networks"]["outside"]["ipv4_address"]
        trusted = of["services"]["web1"]["environment"]["HITL_TRUSTED_PROXIES"]
        assert trusted == network
        assert network.startswith(prefix)
        assert of["networks"]["outside"]["ipam"]["config"][0]["subnet"] == f"{prefix}.0/24"
    upstreams = set(re.findall(r"server (\w+):8003", (ROOT / "deploy" / "nginx.conf").read_text()))
    assert upstreams == {
        name for name, one in services().items() if "serve" in one.get("command", [])
    }


def test_services_have_time_to_close_their_sockets() -> None:
    grace, spread, requests = 1, 10, 5
    for name in ("web1", "web2"):
        assert int(services()[name]["stop_grace_period"].removesuffix("s")) > (
            grace + spread + requests
        )


def test_every_file_that_is_mounted_is_there() -> None:
    mounted = [one for service in services().values() for one in service.get("volumes", [])]
    paths = [one.partition(":")[0] for one in mounted]
    for path in paths:
        is_named = path in composed()["volumes"]
        assert is_named or (ROOT / path).is_file(), path


# -- The database's roles ---------------------------------------------------------------------


def statements_of_the_documentation() -> list[str]:
    page = (ROOT / "docs" / "production.md").read_text()
    return re.findall(r"^```sql\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


def test_roles_and_grants_are_those_of_the_documentation() -> None:
    once, once_in_it, after_each_migrate = statements_of_the_documentation()
    script = (FOLDER / "roles.sh").read_text()
    expected = once.replace("'change-me'", ":'owner_password'")
    expected = expected.replace("'change-me-too'", ":'app_password'")
    assert expected + "\\connect hitl\n" + once_in_it in script
    assert (FOLDER / "grants.sql").read_text() == after_each_migrate


@pytest.mark.parametrize("script", sorted(FOLDER.glob("*.sh")), ids=lambda path: path.name)
def test_scripts_are_programs(script: Path) -> None:
    assert script.stat().st_mode & stat.S_IXUSR
    subprocess.run(["sh", "-n", str(script)], check=True)


# -- The secrets ------------------------------------------------------------------------------


def make(folder: Path, host: str = "console.example.com") -> dict[str, bytes]:
    """Make the secrets as the container does; return all files."""
    command = [sys.executable, "deploy/compose/make_secrets.py", str(folder), host]
    subprocess.run(command, cwd=ROOT, check=True)
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def variables(text: bytes) -> dict[str, str]:
    lines = text.decode().splitlines()
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


def test_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    first = make(tmp_path)
    assert make(tmp_path) == first
    other = make(tmp_path / "other")
    assert [name for name, text in first.items() if other[name] == text] == []


def test_another_host_gets_another_certificate_and_nothing_else(tmp_path: Path) -> None:
    first = make(tmp_path)
    again = make(tmp_path, "other.example.com")
    changed = {name for name, text in again.items() if first[name] != text}
    assert changed == {"tls/fullchain.pem", "tls/privkey.pem"}


def test_certificate_of_somebody_else_stays(tmp_path: Path) -> None:
    make(tmp_path)
    theirs = certificate_for(["*.example.com"])
    for name, text in (("fullchain", theirs.certificate), ("privkey", theirs.key)):
        (tmp_path / "tls" / f"{name}.pem").unlink()
        (tmp_path / "tls" / f"{name}.pem").write_bytes(text)
    made = make(tmp_path, "console.example.com")
    assert made["tls/fullchain.pem"] == theirs.certificate
    assert made["tls/privkey.pem"] == theirs.key


def test_each_container_gets_only_what_it_needs(tmp_path: Path) -> None:
    made = make(tmp_path)
    service, owner = variables(made["service/hitl.env"]), variables(made["owner/hitl.env"])
    passwords = {role: made[f"database/{role}"].decode() for role in ("superuser", "owner", "app")}
    assert len(set(passwords.values())) == 3
    assert service["DATABASE_URL"] == (
        f"postgresql://hitl_app:{passwords['app']}@database:5432/hitl"
    )
    assert owner["DATABASE_URL"] == (
        f"postgresql://hitl_owner:{passwords['owner']}@database:5432/hitl"
    )
    assert passwords["owner"].encode() not in made["service/hitl.env"]
    assert passwords["superuser"].encode() not in made["owner/hitl.env"]
    assert {name: service[name] for name in service if name != "DATABASE_URL"} == {
        name: owner[name] for name in owner if name != "DATABASE_URL"
    }
    Fernet(service["HITL_ENCRYPTION_KEYS"])
    valkey = re.search(r"^requirepass (\S+)$", made["valkey/valkey.conf"].decode(), re.MULTILINE)
    assert valkey
    assert service["REDIS_URL"] == f"redis://:{valkey[1]}@valkey:6379/0"


def test_settings_accept_the_secrets(tmp_path: Path) -> None:
    make(tmp_path)
    environment = services()["web1"]["environment"]
    environment |= {"HITL_ENV_FILE": str(tmp_path / "service" / "hitl.env"), "PATH": "/usr/bin"}
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v", "0", "-c", READ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    read = json.loads(done.stdout)
    kept = variables((tmp_path / "service" / "hitl.env").read_bytes())
    assert read == [kept["SECRET_KEY"], kept["DATABASE_URL"], [kept["HITL_ENCRYPTION_KEYS"]]]


READ = (
    "import json; from django.conf import settings as s;"
    "print(json.dumps([s.SECRET_KEY, s.DATABASE_URL, s.HITL_ENCRYPTION_KEYS]))"
)


@pytest.mark.parametrize("host", ["console.example.com", "192.0.2.7", "localhost"])
def test_certificate_is_for_the_host_and_fits_its_key(tmp_path: Path, host: str) -> None:
    make(tmp_path, host)
    tls = tmp_path / "tls"
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
        tls / "fullchain.pem", tls / "privkey.pem"
    )
    certificate = x509.load_pem_x509_certificate((tls / "fullchain.pem").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == [host]


def test_script_without_a_host_says_how_it_is_called() -> None:
    command = [sys.executable, str(FOLDER / "make_secrets.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "usage: make_secrets.py FOLDER HOST\n"
