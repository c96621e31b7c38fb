"""How settings become what clients are made with, and what is refused at start."""

import ssl
from collections.abc import Mapping
from pathlib import Path

import pytest
import trustme
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import AIOKafkaConnection, ScramAuthenticator
from pydantic import ValidationError

from agents.kafka_connection import usable_security
from agents.kafka_settings import KafkaSettings
from agents.lane.kafka.secret_file import PasswordInFile
from agents.lane.kafka.security import PLAINTEXT
from agents.lane.kafka.tls import RotatingContext, TlsFiles, UnusableFiles
from agents.settings import load_settings
from deploy.bench.clear_settings import clear_settings
from events.errors import Misconfigured

SECRET = "correct horse, battery"  # noqa: S105 (of these tests)
SASL = {"sasl_username": "worker", "sasl_password_file": "password"}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with an authority, a certificate, its key, and a password."""
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    (tmp_path / "ca").write_bytes(authority.cert_pem.bytes())
    (tmp_path / "certificate").write_bytes(issued.cert_chain_pems[0].bytes())
    for name, content in (
        ("key", issued.private_key_pem.bytes()),
        ("both", issued.private_key_and_cert_chain_pem.bytes()),
        ("password", f"{SECRET}\n".encode()),
    ):
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(0o600)
    return tmp_path


def settings(folder: Path, **values: str) -> KafkaSettings:
    return KafkaSettings.model_validate(
        {
            name: str(folder / value) if name.endswith("_file") else value
            for name, value in values.items()
        }
    )


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"ca_file": "ca"}, "CA_FILE is for TLS, and SECURITY_PROTOCOL is PLAINTEXT"),
        (
            {"security_protocol": "SASL_PLAINTEXT", **SASL, "certificate_file": "certificate"},
            "CERTIFICATE_FILE is for TLS, and SECURITY_PROTOCOL is SASL_PLAINTEXT",
        ),
        (SASL, "SASL_USERNAME is for SASL, and SECURITY_PROTOCOL is PLAINTEXT"),
        (
            {"security_protocol": "SSL", "sasl_password_file": "password"},
            "SASL_PASSWORD_FILE is for SASL, and SECURITY_PROTOCOL is SSL",
        ),
        ({"security_protocol": "SASL_SSL"}, "SECURITY_PROTOCOL SASL_SSL needs SASL_USERNAME"),
        (
            {"security_protocol": "SASL_SSL", "sasl_username": "worker"},
            "SECURITY_PROTOCOL SASL_SSL needs SASL_PASSWORD_FILE",
        ),
        ({"security_protocol": "SSL", "key_file": "key"}, "KEY_FILE needs a CERTIFICATE_FILE"),
        (
            {"security_protocol": "SSL", "key_password_file": "password"},
            "KEY_PASSWORD_FILE needs a CERTIFICATE_FILE",
        ),
    ],
)
def test_settings_that_do_not_belong_together_are_refused(
    values: dict[str, str], words: str, tmp_path: Path
) -> None:
    with pytest.raises(ValidationError) as refused:
        settings(tmp_path, **values)
    assert words in str(refused.value)


def test_a_password_has_no_variable_and_its_value_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BIOLATCH_KAFKA__SASL_PASSWORD", SECRET)
    with pytest.raises(Misconfigured) as refused:
        load_settings()
    assert "use BIOLATCH_KAFKA__SASL_PASSWORD_FILE" in str(refused.value)
    assert SECRET not in str(refused.value)


def test_without_settings_clients_talk_in_the_clear() -> None:
    assert KafkaSettings().security == PLAINTEXT
    assert PLAINTEXT.client() == {"security_protocol": "PLAINTEXT", "ssl_context": None}


def test_clients_get_all_that_is_set_and_no_secret(files: Path) -> None:
    security = usable_security(
        settings(
            files,
            security_protocol="SASL_SSL",
            ca_file="ca",
            certificate_file="certificate",
            key_file="key",
            **SASL,
        )
    )
    arguments = security.client()
    context = arguments.pop("ssl_context")
    assert isinstance(context, RotatingContext)
    assert security.client()["ssl_context"] is context
    assert arguments == {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "worker",
        "sasl_plain_password": "",
    }
    assert arguments["sasl_plain_password"].encode() == SECRET.encode()
    assert SECRET not in repr((security, arguments))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"ca_file": "nowhere"}, "nowhere: cannot be read: No such file"),
        ({"ca_file": "password"}, "password: no PEM form of certificates is found there"),
        ({"certificate_file": "nowhere"}, "nowhere: cannot be read: No such file"),
        (
            {"certificate_file": "certificate"},
            "certificate: no PEM form of a certificate and a k",
        ),
        ({"certificate_file": "certificate", "key_file": "other-key"}, "does not belong to the"),
        ({"certificate_file": "both", "key_password_file": "nowhere"}, "nowhere cannot be read"),
        ({"certificate_file": "both", "key_password_file": "empty"}, "empty is empty"),
    ],
)
def test_files_that_cannot_be_used_are_named(
    values: dict[str, str], words: str, files: Path
) -> None:
    (files / "empty").touch(mode=0o600)
    other = trustme.CA().issue_cert("localhost").private_key_pem.bytes()
    (files / "other-key").write_bytes(other)
    (files / "other-key").chmod(0o600)
    with pytest.raises(Misconfigured) as refused:
        usable_security(settings(files, security_protocol="SSL", **values))
    assert refused.value.code == "kafka.security-file"
    assert words in str(refused.value)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe"])
def test_a_password_file_without_a_password_is_refused(content: bytes, files: Path) -> None:
    (files / "password").write_bytes(content)
    with pytest.raises(Misconfigured) as refused:
        usable_security(settings(files, security_protocol="SASL_PLAINTEXT", **SASL))
    assert refused.value.code == "kafka.security-file"


@pytest.mark.parametrize(
    ("values", "secret"),
    [
        ({"security_protocol": "SASL_SSL", **SASL}, "password"),
        ({"security_protocol": "SSL", "certificate_file": "certificate", "key_file": "key"}, "key"),
        ({"security_protocol": "SSL", "certificate_file": "both"}, "both"),
    ],
)
def test_a_secret_is_not_open_to_every_user_of_the_machine(
    values: Mapping[str, str], secret: str, files: Path
) -> None:
    (files / secret).chmod(0o640)  # as a container that does not run as root gets it
    usable_security(settings(files, **values))
    (files / secret).chmod(0o644)
    with pytest.raises(Misconfigured) as refused:
        usable_security(settings(files, **values))
    assert refused.value.code == "kafka.secret-open"
    assert str(files / secret) in str(refused.value)


def test_a_password_is_read_anew_each_time_and_never_shown(files: Path) -> None:
    password = PasswordInFile(files / "password")
    assert password.encode("utf-8") == SECRET.encode()
    (files / "password").write_text("the second")
    assert password.encode("utf-8") == b"the second"
    assert (str(password), repr(password), f"{password}") == ("", "''", "")
    (files / "password").unlink()
    with pytest.raises(OSError, match="cannot be read"):
        password.encode("utf-8")


def test_scram_takes_the_password_by_encoding_it_at_each_connection(files: Path) -> None:
    # What PasswordInFile relies on: aiokafka hands the text on as it is, and encodes it here only.
    password = PasswordInFile(files / "password")

    def authenticator() -> ScramAuthenticator:
        return ScramAuthenticator(
            loop=None,
            sasl_plain_username="worker",
            sasl_plain_password=password,
            sasl_mechanism="SCRAM-SHA-512",
        )

    assert authenticator()._sasl_plain_password == SECRET.encode()  # noqa: SLF001 (a hook)
    (files / "password").write_text("the second")
    assert authenticator()._sasl_plain_password == b"the second"  # noqa: SLF001 (a hook)


async def test_clients_and_connections_keep_the_password_as_it_is(files: Path) -> None:
    password = PasswordInFile(files / "password")
    client = AIOKafkaClient(
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="SCRAM-SHA-512",
        sasl_plain_username="worker",
        sasl_plain_password=password,
    )
    assert client._sasl_plain_password is password  # noqa: SLF001 (a hook)
    connection = AIOKafkaConnection(
        "nowhere", 1, sasl_mechanism="SCRAM-SHA-512", sasl_plain_password=password
    )
    assert connection._sasl_plain_password is password  # noqa: SLF001 (a hook)


def shakes_hands(client: ssl.SSLContext, server: trustme.LeafCert) -> bool:
    """Whether a client of the context trusts the server; both live in memory."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.configure_cert(theirs)
    sides = [
        client.wrap_bio(back, there, server_hostname="localhost"),
        theirs.wrap_bio(there, back, server_side=True),
    ]
    while sides:
        for side in list(sides):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError:
                return False
            sides.remove(side)
    return True


def test_a_replaced_authority_counts_from_the_next_handshake_on(tmp_path: Path) -> None:
    first, second = trustme.CA(), trustme.CA()
    for name, authority in (("first", first), ("second", second)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "ca").write_bytes(authority.cert_pem.bytes())
    now = tmp_path / "now"
    now.symlink_to(tmp_path / "first")
    context = RotatingContext(TlsFiles(ca_file=now / "ca"))
    assert shakes_hands(context, first.issue_cert("localhost"))
    assert not shakes_hands(context, second.issue_cert("localhost"))
    turned = tmp_path / "turned"
    turned.symlink_to(tmp_path / "second")
    turned.replace(now)
    assert shakes_hands(context, second.issue_cert("localhost"))
    assert not shakes_hands(context, first.issue_cert("localhost"))


def test_unusable_files_leave_what_was_in_use(tmp_path: Path) -> None:
    authority, file = trustme.CA(), tmp_path / "ca"
    file.write_bytes(authority.cert_pem.bytes())
    context = RotatingContext(TlsFiles(ca_file=file))
    file.write_text("half a file")
    assert shakes_hands(context, authority.issue_cert("localhost"))
    file.unlink()
    assert shakes_hands(context, authority.issue_cert("localhost"))
    second = trustme.CA()
    file.write_bytes(second.cert_pem.bytes())
    assert shakes_hands(context, second.issue_cert("localhost"))


def test_a_server_of_another_name_is_not_trusted(tmp_path: Path) -> None:
    authority, file = trustme.CA(), tmp_path / "ca"
    file.write_bytes(authority.cert_pem.bytes())
    context = RotatingContext(TlsFiles(ca_file=file))
    assert not shakes_hands(context, authority.issue_cert("elsewhere.example"))


def test_files_that_are_unusable_at_first_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableFiles):
        RotatingContext(TlsFiles(ca_file=tmp_path / "nowhere"))


def test_a_benchmark_does_not_begin_on_a_secured_kafka(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIOLATCH_KAFKA__SECURITY_PROTOCOL", "SSL")
    with pytest.raises(Misconfigured) as refused:
        clear_settings()
    assert refused.value.code == "bench.secured"
