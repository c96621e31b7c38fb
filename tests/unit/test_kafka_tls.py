"""TLS by files that are replaced: handshakes in memory, with one context all the while."""

import ssl
from pathlib import Path

import pytest
import trustme

from agents.lane.kafka.tls import RotatingContext, TlsFiles, UnusableFiles


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
