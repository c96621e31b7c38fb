# Goal: what makes no sense is refused before anything is installed, with words that say what to do.
from typing import Any

import pytest

from tests.deployment.chart import CHART, Helm

PLAIN = CHART / "ci" / "plain.yaml"

pytestmark = pytest.mark.long


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"kafka": {"bootstrapServers": ""}}, "kafka.bootstrapServers is not set: HOST:PORT"),
        ({"kafka": {"bootstrapServers": "kafka"}}, "/kafka/bootstrapServers"),
        ({"kafka": {"application": "Bank"}}, "/kafka/application"),
        ({"replicas": 3}, "'replicas' not allowed"),
        ({"agents": {"devices": {"replicas": -1}}}, "/agents/devices/replicas"),
        ({"agents": {"device": {"enabled": True}}}, "'device' not allowed"),
        (
            {"agents": {"devices": {"terminationGracePeriodSeconds": 10}}},
            "/agents/devices/terminationGracePeriodSeconds",
        ),
        ({"topics": {"by": "magic"}}, "/topics/by"),
        (
            {"settings": {"BIOLATCH_LANE__BATCH_RECORD_MAX": 5}},
            "BIOLATCH_LANE__BATCH_RECORD_MAX is no setting of biolatch",
        ),
        (
            {"settings": {"BIOLATCH_STORE__FOLDER": "/data"}},
            "BIOLATCH_STORE__FOLDER is set by the chart itself",
        ),
        ({"settings": {"KAFKA": "kafka:9092"}}, "/settings"),
        (
            {"agents": {"devices": {"settings": {"BIOLATCH_NO__SUCH": "1"}}}},
            "BIOLATCH_NO__SUCH is no setting",
        ),
        ({"secretFiles": {"BIOLATCH_KAFKA__CA_FILE": {"secretName": "ca"}}}, "'key'"),
        (
            {"secretFiles": {"BIOLATCH_KAFKA__SASL_USERNAME": {"secretName": "a", "key": "b"}}},
            "/secretFiles",
        ),
        ({"autoscaling": {"enabled": True}}, "autoscaling.prometheusAddress is not set"),
        (
            {"autoscaling": {"enabled": True, "maxReplicas": 13}},
            "there are 12 partitions: a worker without one has nothing to do",
        ),
        ({"autoscaling": {"enabled": True, "minReplicas": 5, "maxReplicas": 4}}, "more than"),
    ],
)
def test_nonsense_is_refused_and_told(helm: Helm, more: dict[str, Any], said: str) -> None:
    refused = helm.render(PLAIN, more=more)
    assert refused.code != 0
    assert refused.resources == []
    assert said in refused.said
