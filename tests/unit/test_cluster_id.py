import re

from deploy.kafka.cluster_id import new_cluster_id


def test_an_id_has_kafka_s_form_and_is_never_taken_for_an_option() -> None:
    # One random id in 64 would begin with a hyphen, so a thousand would not all escape it.
    ids = {new_cluster_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{21}", each) for each in ids)
