"""What can be seen on this machine: files of keys and certificates, rows on disk, compiled code."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cryptography import x509

from agents.erasure_keys import read_erasure_keys
from agents.kafka_connection import usable_security
from agents.publisher_keys import PublisherKey, read_publisher_keys
from agents.settings import Settings
from deploy.compiled.modules import STAMP, is_current
from deploy.doctor.finding import Check, Finding, Severity
from deploy.inspection.instants import span_of_time
from events.errors import Misconfigured

_DAY_MS: Final = 86_400_000
KEY_EXPIRY_WARNING_MS: Final = 14 * _DAY_MS
"""A publisher's key is exchanged in steps, with releases of its publisher in between."""
CERTIFICATE_EXPIRY_WARNING_MS: Final = 30 * _DAY_MS
DISK_FREE_BYTES_MIN: Final = 1024**3
_MIB: Final = 1024 * 1024


def checks_here(settings: Settings, now_ms: int) -> list[Check]:
    """Everything that needs no Kafka.

    Args:
        settings: of this process; as a worker would have them.
        now_ms: by this machine's clock.
    """
    return [
        _compiled(),
        _publisher_keys(settings, now_ms),
        _erasure_keys(settings),
        _certificates(settings, now_ms),
        _store(settings),
    ]


def _compiled() -> Check:
    name = "compiled code"
    if is_current():
        return Check(name, "rules and codec are compiled from this source")
    if STAMP.is_file():
        message = "rules and codec were compiled from other source; workers do not use them"
        return Check(name, "stale", [_finding("compiled.stale", message, "make compiled")])
    found = Finding(
        "compiled.missing",
        Severity.NOTE,
        "rules and codec are not compiled; workers take half as much again for an event",
        "install a C compiler, then: make compiled",
    )
    return Check(name, "none", [found])


def _publisher_keys(settings: Settings, now_ms: int) -> Check:
    name, signatures = "publishers' keys", settings.signatures
    if signatures.mode == "off" or signatures.keys_file is None:
        return Check(name, "signatures are off")
    path = signatures.keys_file
    try:
        keys, _ = read_publisher_keys(path)
    except Misconfigured as error:
        return Check(name, "unusable", [_refused(error, f"biolatch keys check {path}")])
    findings = [each for key in keys.values() for each in _of_key(key, path, now_ms)]
    if not any(key.grant.is_valid_at(now_ms) for key in keys.values()):
        findings.append(
            Finding(
                "signatures.no-valid-key",
                Severity.ERROR,
                f"no key of {path} is valid now: every signed event becomes a dead letter",
                f"biolatch keys generate KID --keys-file {path} --private-key FILE --source SOURCE",
            )
        )
    return Check(name, f"{len(keys)} keys, signatures: {signatures.mode}", findings)


def _of_key(key: PublisherKey, path: Path, now_ms: int) -> Iterator[Finding]:
    ends = key.grant.not_after
    if ends is None:
        return
    left_ms = ends.timestamp() * 1000 - now_ms
    fix = f"biolatch keys generate NEW_KID --keys-file {path} --private-key FILE --source SOURCE"
    if left_ms <= 0:
        message = f"key {key.kid} ended {span_of_time(-left_ms)} ago"
        yield _finding("signatures.key-expired", message, f"{fix}, or take it out of the file")
    elif left_ms < KEY_EXPIRY_WARNING_MS:
        message = f"key {key.kid} ends in {span_of_time(left_ms)}"
        yield _finding("signatures.key-expires", message, fix)


def _erasure_keys(settings: Settings) -> Check:
    name, path = "keys of erasure marks", settings.erasure.mark_keys_file
    if path is None:
        message = "none is set: whoever was erased is remembered by the id in clear"
        fix = "biolatch erasure-key generate FILE, and BIOLATCH_ERASURE__MARK_KEYS_FILE on workers"
        return Check(name, "none", [_finding("erasure.marks-in-clear", message, fix)])
    try:
        keys = read_erasure_keys(path)
    except Misconfigured as error:
        return Check(name, "unusable", [_refused(error, f"biolatch erasure-key check {path}")])
    return Check(name, f"{len(keys.key_ids)} in {path}")


def _certificates(settings: Settings, now_ms: int) -> Check:
    name, kafka = "Kafka security", settings.kafka
    try:
        usable_security(kafka)
    except Misconfigured as error:
        return Check(name, "unusable", [_refused(error, "see docs/kafka-security.md")])
    files = [path for path in (kafka.ca_file, kafka.certificate_file) if path is not None]
    findings = [each for path in files for each in _of_certificates(path, now_ms)]
    return Check(name, f"{kafka.security_protocol}, {len(files)} files of certificates", findings)


def _of_certificates(path: Path, now_ms: int) -> Iterator[Finding]:
    fix = "replace the file with a renewed one; it is read again without a restart"
    for certificate in x509.load_pem_x509_certificates(path.read_bytes()):
        left_ms = (certificate.not_valid_after_utc.timestamp() * 1000) - now_ms
        if left_ms <= 0:
            message = f"a certificate in {path} ended {span_of_time(-left_ms)} ago"
            yield Finding("tls.certificate-expired", Severity.ERROR, message, fix)
        elif left_ms < CERTIFICATE_EXPIRY_WARNING_MS:
            message = f"a certificate in {path} ends in {span_of_time(left_ms)}"
            yield _finding("tls.certificate-expires", message, fix)


def _store(settings: Settings) -> Check:
    name, folder = "rows on disk", settings.store.folder
    if folder is None:
        return Check(name, "rows are kept in memory")
    if not folder.is_dir():
        message = f"{folder} is not there; a worker makes it, if it may"
        return Check(name, "none yet", [_finding("store.missing", message, f"mkdir -p {folder}")])
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    free = shutil.disk_usage(folder).free
    findings: list[Finding] = []
    # A store is written anew beside itself, to sweep out what was erased.
    if free < max(size, DISK_FREE_BYTES_MIN):
        findings.append(
            Finding(
                "store.disk-short",
                Severity.WARNING,
                f"{folder} holds {_mib(size)}, and {_mib(free)} are free; sweeping it needs as "
                "much again",
                "give it a larger disk, or set BIOLATCH_STORE__FOLDER to another one",
            )
        )
    return Check(name, f"{_mib(size)} in {folder}, {_mib(free)} free", findings)


def _mib(size: int) -> str:
    return f"{size / _MIB:,.0f} MiB"


def _finding(code: str, message: str, fix: str) -> Finding:
    return Finding(code, Severity.WARNING, message, fix)


def _refused(error: Misconfigured, fix: str) -> Finding:
    return Finding(error.code, Severity.ERROR, str(error), fix)
