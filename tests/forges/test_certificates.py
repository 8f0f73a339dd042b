"""The certificate of a forge: verified, and with own authorities only these count."""

import ssl
from typing import Any

import pytest

from forges.clients import client_for
from forges.errors import Refused, Unavailable
from tests.support.certificates import certificate_for
from tests.support.forges import Connect, FakeForge

pytestmark = pytest.mark.server  # git runs

PATH = "acme/shop"


@pytest.fixture
def authority(fake: FakeForge, tmp_path: Any) -> str:
    """Let the fake speak TLS, and return the certificate that it proves itself with."""
    made = certificate_for()
    both = tmp_path / "both.pem"
    both.write_bytes(made.certificate + made.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    fake.serve_tls(context)
    return made.certificate.decode()


def test_own_authority_is_trusted_if_it_is_given(
    fake: FakeForge, authority: str, connect: Connect
) -> None:
    fake.repository(PATH)
    assert connect(fake.row(ca_certificates=authority)).repository(PATH).path == PATH
    with pytest.raises(Unavailable, match="certificate cannot be verified"):
        connect(fake.row()).repository(PATH)


def test_endless_answer_over_tls_is_given_up_too(
    fake: FakeForge, authority: str, settings: Any
) -> None:
    settings.HITL_FORGE_SECONDS = 1
    fake.fault(trickle=0.1, endless=True)
    with (
        client_for(fake.row(ca_certificates=authority)) as client,
        pytest.raises(Unavailable, match="within 1 s"),
    ):
        client.repository(PATH)


def test_authority_that_is_none_is_refused(fake: FakeForge) -> None:
    for text in ("no PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        with pytest.raises(Refused, match="PEM"):
            client_for(fake.row(ca_certificates=text))
