"""The certificate of a forge: verified, and with own authorities only these count."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from forges.clients import client_for
from forges.errors import Refused, Unavailable
from tests.support.forges import Connect, FakeForge

pytestmark = pytest.mark.server  # git runs

PATH = "acme/shop"


@pytest.fixture
def authority(fake: FakeForge, tmp_path: Any) -> str:
    """Let the fake speak TLS, and return the certificate that it proves itself with."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    both = tmp_path / "both.pem"
    both.write_bytes(pem + key.private_bytes(serialization.Encoding.PEM, form, plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    fake.serve_tls(context)
    return pem.decode()


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
