"""How settings become what clients are made with, and what is refused at start."""

import ast
import re
from collections.abc import Iterator, Mapping
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
from agents.lane.kafka.tls import RotatingContext
from agents.settings import load_settings, setting_variables
from deploy.bench.clear_settings import clear_settings
from events.errors import Misconfigured

ROOT = Path(__file__).parents[2]
ON_A_KAFKA_OF_THEIR_OWN = ("deploy/bench/", "deploy/demo/", "deploy/kafka/local.py")
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


def test_a_benchmark_does_not_begin_on_a_secured_kafka(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIOLATCH_KAFKA__SECURITY_PROTOCOL", "SSL")
    with pytest.raises(Misconfigured) as refused:
        clear_settings()
    assert refused.value.code == "bench.secured"


def calls(path: Path) -> Iterator[tuple[str, set[str | None]]]:
    """What a module calls by a plain name, and by which named arguments; `**` is None."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id, {keyword.arg for keyword in node.keywords}


def test_every_client_is_made_with_the_security_that_is_set() -> None:
    # A client that forgets it works everywhere but on a secured Kafka.
    seen = 0
    for path in (*(ROOT / "agents").rglob("*.py"), *(ROOT / "deploy").rglob("*.py")):
        place = path.relative_to(ROOT).as_posix()
        if place.startswith(ON_A_KAFKA_OF_THEIR_OWN):
            continue
        for name, arguments in calls(path):
            if name in ("AIOKafkaConsumer", "AIOKafkaProducer", "AIOKafkaAdminClient"):
                assert None in arguments, f"{place}: {name} without **...client()"
                seen += 1
            if name == "KafkaAdmin":
                assert "security" in arguments, f"{place}: KafkaAdmin without security"
                seen += 1
    assert seen >= 10


def test_the_page_names_settings_that_there_are() -> None:
    page = (ROOT / "docs" / "kafka-security.md").read_text(encoding="utf-8")
    named = set(re.findall(r"BIOLATCH_KAFKA__\w+", page))
    assert named >= {"BIOLATCH_KAFKA__SECURITY_PROTOCOL", "BIOLATCH_KAFKA__SASL_PASSWORD_FILE"}
    assert named <= set(setting_variables())
