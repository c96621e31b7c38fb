import pytest

from deploy.kafka.server_properties import Ports, local_properties, rendered


def test_every_listener_is_on_the_loopback_address() -> None:
    properties = local_properties(Ports(client=20001, controller=20002), log_folder="records")
    assert properties["listeners"] == "CLIENT://127.0.0.1:20001,CONTROLLER://127.0.0.1:20002"
    assert properties["advertised.listeners"] == "CLIENT://127.0.0.1:20001"
    assert properties["controller.quorum.voters"] == "1@127.0.0.1:20002"


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("log.dirs", "records", "log.dirs=records\n"),
        ("a:b c=d", "e=f: g", "a\\:b\\ c\\=d=e=f: g\n"),
        ("path", "C:\\new", "path=C:\\\\new\n"),
        ("blank", " before", "blank=\\ before\n"),
        ("lines", "one\r\ntwo", "lines=one\\r\\ntwo\n"),
        ("letters", "ä 😀", "letters=\\u00e4 \\ud83d\\ude00\n"),
    ],
)
def test_java_reads_back_what_was_meant(name: str, value: str, line: str) -> None:
    assert rendered({name: value}) == line
