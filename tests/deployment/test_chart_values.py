# Goal: what makes no sense is refused before anything is installed, with words that say what to do.
from typing import Any

import pytest

from tests.deployment.chart import CHART, Helm

PLAIN = CHART / "ci" / "plain.yaml"
PROXY = {"BIOLATCH_CONSOLE__PROXY_USER_HEADER": "x-auth-request-email"}

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
        ({"console": {"enabled": True}}, "Nobody could log in to the console"),
        ({"console": {"replicas": 2}}, "'replicas' not allowed"),
        ({"console": {"from": [{}]}}, "/console/from/0"),
        (
            {"console": {"enabled": True, "settings": {**PROXY, "BIOLATCH_CONSOLE__HOST": "::"}}},
            "BIOLATCH_CONSOLE__HOST is set by the chart itself",
        ),
        ({"readApi": {"enabled": True}}, "The read API lets nobody in without a token"),
        ({"readApi": {"from": [{"cidr": "10.0.0.0/8"}]}}, "/readApi/from/0"),
        ({"parquet": {"replicas": 2}}, "'replicas' not allowed"),
        ({"parquet": {"volume": {"size": "much"}}}, "/parquet/volume/size"),
        (
            {"settings": {"BIOLATCH_ANALYTICS__PARQUET_FOLDER": "/data"}},
            "BIOLATCH_ANALYTICS__PARQUET_FOLDER is set by the chart itself",
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
