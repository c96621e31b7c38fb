"""What the row keeps of a public key: the point of an ES256 key, and nothing of any other kind."""

import pytest

from agents.core.state import EllipticPoint, point_of
from events.facts import PublicKey

ES256 = PublicKey(kty="EC", crv="P-256", x="f83OJ3D2xF1", y="x_FEzRu9m36", kid="k", alg="ES256")


def test_the_point_of_an_es256_key_is_kept() -> None:
    assert point_of(ES256) == EllipticPoint(x="f83OJ3D2xF1", y="x_FEzRu9m36")


@pytest.mark.parametrize(
    "other",
    [
        None,
        PublicKey(kty="RSA"),
        PublicKey(kty="OKP", crv="Ed25519", x="11qYAYKxCrfVS_7TyWQHOg"),
        PublicKey(kty="EC", crv="P-384", x="AA", y="AA"),
        PublicKey(kty="EC", crv="P-256", x="AA"),
        PublicKey(kty="EC", crv="P-256", x="A" * 65, y="AA"),
        PublicKey(kty="EC", crv="P-256", x="A+/=", y="AA"),
    ],
)
def test_nothing_of_another_kind_is_kept(other: PublicKey | None) -> None:
    assert point_of(other) is None
