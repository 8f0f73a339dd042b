"""Make the passwords, keys and certificate that compose.yaml needs, those that are not there yet.

    python deploy/compose/make_secrets.py FOLDER HOST

FOLDER has a folder for each kind of container, which sees that one alone: so its files can be
readable by all there. Passwords and keys that are there stay; the certificate is made again for
another host, and before it expires.
"""

import ipaddress
import os
import secrets
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

MODE = 0o444
CERTIFICATE_DAYS = 397
"""For how long a certificate may be valid for browsers to accept it."""
RENEW_DAYS = 30
SUBJECT = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "HITL Console")])
ROLES = ("superuser", "owner", "app")
FOLDERS = ("service", "owner", "database", "valkey", "tls")


def main(folder: Path, host: str) -> None:
    for name in FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    passwords = {role: kept(folder / "database" / role) for role in ROLES}
    valkey = folder / "valkey" / "valkey.conf"
    if not valkey.exists():
        write(valkey, f'requirepass {password()}\nsave ""\nappendonly no\n')
    shared = {
        "SECRET_KEY": kept(folder / "owner" / "secret_key"),
        "HITL_ENCRYPTION_KEYS": kept(folder / "owner" / "encryption_key", fernet_key()),
        "REDIS_URL": f"redis://:{valkey.read_text().split()[1]}@valkey:6379/0",
    }
    for name, role in {"service": "app", "owner": "owner"}.items():
        url = f"postgresql://hitl_{role}:{passwords[role]}@database:5432/hitl"
        write(folder / name / "hitl.env", lines({**shared, "DATABASE_URL": url}))
    if not is_certified(folder / "tls", host):
        certify(folder / "tls", host)


def kept(path: Path, value: str = "") -> str:
    """Return what the file has; write `value`, or a new password, if it is not there."""
    if not path.exists():
        write(path, value or password())
    return path.read_text()


def password() -> str:
    """Return a password that stands in URLs and configurations as it is."""
    return secrets.token_urlsafe(48)


def fernet_key() -> str:
    return Fernet.generate_key().decode()


def lines(variables: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in variables.items())


def write(path: Path, text: str) -> None:
    """Write a file that is there with all its text, or not at all."""
    new = path.with_name(f".{path.name}")
    new.write_text(text)
    new.chmod(MODE)
    os.replace(new, path)


def is_certified(folder: Path, host: str) -> bool:
    """Return whether there is a certificate for `host` that does not expire soon, or another's."""
    if not (folder / "fullchain.pem").exists():
        return False
    certificate = x509.load_pem_x509_certificate((folder / "fullchain.pem").read_bytes())
    if certificate.subject != SUBJECT:
        return True
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    expires = certificate.not_valid_after_utc
    return name_of(host) in names and expires > datetime.now(UTC) + timedelta(days=RENEW_DAYS)


def certify(folder: Path, host: str) -> None:
    """Write a certificate for `host` that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(SUBJECT, SUBJECT, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=CERTIFICATE_DAYS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([name_of(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write(folder / "privkey.pem", key.private_bytes(*form).decode())
    write(folder / "fullchain.pem", certificate.public_bytes(Encoding.PEM).decode())


def name_of(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: make_secrets.py FOLDER HOST")
    main(Path(sys.argv[1]), sys.argv[2])
