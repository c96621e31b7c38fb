"""The endpoints with a certificate of their own."""

import ssl
from pathlib import Path

import httpx2
import pytest
import trustme

from tests.signals.transmitter import Installation


@pytest.mark.drill
async def test_the_endpoints_speak_tls_1_2_and_later(
    installation: Installation, tmp_path: Path
) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    certificate.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
    installation.settings = {"BIOLATCH_SIGNALS__TLS_CERTIFICATE_FILE": str(tmp_path / "server.pem")}
    with installation.process() as process:
        url = process.url.replace("http://127.0.0.1", "https://localhost")
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = ssl.create_default_context()
            authority.configure_trust(context)
            context.minimum_version = context.maximum_version = version
            async with httpx2.AsyncClient(verify=context, trust_env=False) as client:
                found = await client.get(f"{url}/.well-known/ssf-configuration/biolatch")
                assert found.status_code == 200
        old = ssl.create_default_context()
        authority.configure_trust(old)
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.set_ciphers("DEFAULT:@SECLEVEL=0")
        async with httpx2.AsyncClient(verify=old, trust_env=False) as client:
            with pytest.raises(httpx2.ConnectError):
                await client.get(url)


@pytest.mark.drill
async def test_a_certificate_that_cannot_be_used_is_named(
    installation: Installation, tmp_path: Path
) -> None:
    (tmp_path / "server.pem").write_text("nonsense")
    installation.settings = {"BIOLATCH_SIGNALS__TLS_CERTIFICATE_FILE": str(tmp_path / "server.pem")}
    assert "signals.certificate-unusable" in installation.refused()


async def test_what_the_agent_needs_is_named_all_at_once(installation: Installation) -> None:
    installation.without = {"BIOLATCH_SIGNALS__ISSUER", "BIOLATCH_SIGNALS__TOKEN_KEYS_FILE"}
    said = installation.refused()
    assert "needs BIOLATCH_SIGNALS__ISSUER, BIOLATCH_SIGNALS__TOKEN_KEYS_FILE" in said
