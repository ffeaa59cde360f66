"""A Postgres of one's own, where its programs are installed; it takes TLS and a password only."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from infra.local.processes import free_port

USER = "dagster"
DATABASE = "dagster"
# With what an address takes for its own; RDS makes none with a slash, an at, a quote or a space.
PASSWORD = "a:b%c?d#e[f]&=+~"  # noqa: S105 - of a server that lives for a test
_DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


@dataclass(frozen=True)
class Postgres:
    """A running server.

    Attributes:
        port: Where it listens on the loopback.
    """

    port: int

    @property
    def variables(self) -> dict[str, str]:
        """What a container of Dagster is told of it."""
        return {
            "DAGSTER_PG_HOST": "127.0.0.1",
            "DAGSTER_PG_PORT": str(self.port),
            "DAGSTER_PG_DATABASE": DATABASE,
            "DAGSTER_PG_USER": USER,
            "DAGSTER_PG_PASSWORD": PASSWORD,
        }

    def execute(self, statement: str, database: str = DATABASE) -> None:
        """Executes a statement as its owner."""
        connection = psycopg2.connect(
            host="127.0.0.1", port=self.port, user=USER, password=PASSWORD, dbname=database
        )
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
        finally:
            connection.close()


def program(name: str) -> str:
    """A program of Postgres; skips, saying why, where there is none."""
    path = os.pathsep.join([os.environ["PATH"], *map(str, _DEBIAN)])
    found = shutil.which(name, path=path)
    if found is None:
        pytest.skip(f"{name} is not installed: Postgres, in Debian the package postgresql")
    return found


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A server with an empty database."""
    initdb, control = program("initdb"), program("pg_ctl")
    folder = Path(tempfile.mkdtemp(prefix="clickstream-postgres-"))
    data, port = folder / "data", free_port()
    user = "nobody" if os.geteuid() == 0 else None  # Postgres refuses to be root
    (folder / "password").write_text(PASSWORD)
    _write_certificate(folder)
    if user is not None:
        account = pwd.getpwnam(user)
        for path in (folder, *folder.iterdir()):
            os.chown(path, account.pw_uid, account.pw_gid)

    def run(*words: str) -> None:
        subprocess.run(words, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)

    try:
        access = ("--auth-host=scram-sha-256", "--auth-local=reject", "--no-sync")
        run(initdb, "-D", str(data), "-U", USER, f"--pwfile={folder / 'password'}", *access)
        (data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
        settings = {
            "port": port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "ssl": "on",
            "ssl_cert_file": folder / "server.crt",
            "ssl_key_file": folder / "server.key",
        }
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        log = str(folder / "log")
        run(control, "start", "-w", "-D", str(data), "-l", log, "-o", options)
        try:
            server = Postgres(port)
            server.execute(f"CREATE DATABASE {DATABASE}", "postgres")
            yield server
        finally:
            run(control, "stop", "-w", "-m", "immediate", "-D", str(data))
    finally:
        shutil.rmtree(folder)


def _write_certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = folder / "server.key"
    path.write_bytes(private)
    path.chmod(0o600)
    (folder / "server.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
