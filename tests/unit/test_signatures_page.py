# Goal: who implements the signatures from their page alone gets them right.
import base64
import json
import re
from pathlib import Path
from typing import Any

from agents.publisher_keys import Grant, parse_publisher_keys
from schemas.malformed import MalformedCode
from schemas.signatures import JWS_TYPE, SIGNATURE_HEADER
from tests.unit.signed_records import TEST_KEYS, VECTORS, verifying

PAGE = (Path(__file__).parents[2] / "docs/signatures.md").read_text(encoding="utf-8")
VECTOR = VECTORS["hs256"]


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_example_is_the_golden_vector() -> None:
    assert f"\n    {VECTOR['canonical_form']}\n" in PAGE
    assert f"\n    {VECTOR['ce_signature']}\n" in PAGE
    assert f"{len(VECTOR['canonical_form'].encode())} bytes" in PAGE
    assert VECTOR["record"]["value"] in PAGE


def test_the_program_on_the_page_signs_as_the_golden_vectors_say() -> None:
    page: dict[str, Any] = {}
    exec(block("python"), page)  # noqa: S102 - our own page
    jwk = TEST_KEYS["HS256"]
    secret = base64.urlsafe_b64decode(jwk["k"] + "==")
    for name in ("hs256", "every-attribute"):
        record = VECTORS[name]["record"]
        token = page["ce_signature"](
            record["key"].encode(),
            record["value"].encode(),
            {header: value.encode() for header, value in record["headers"]},
            kid=jwk["kid"],
            secret=secret,
        )
        assert token.decode() == VECTORS[name]["ce_signature"]


def test_the_keys_file_on_the_page_is_one() -> None:
    content = json.loads(block("json"))
    (key,), (grant,) = content["keys"], content["grants"].values()
    key |= {name: verifying(TEST_KEYS["ES256"])[name] for name in ("x", "y")}
    (read,) = parse_publisher_keys(Path("page"), json.dumps(content).encode()).values()
    assert read.grant == Grant(**grant)


def test_the_page_forgets_no_code_and_no_name() -> None:
    codes = [code for code in MalformedCode if code.startswith("signature.")]
    for name in (*codes, SIGNATURE_HEADER, JWS_TYPE, "BIOLATCH_SIGNATURES__MODE"):
        assert f"`{name}`" in PAGE, name
