"""The JSON Schemas that the OCSF project publishes, as judges of the feed."""

from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

VERSION = "1.8.0"


@lru_cache
def schemas() -> OcsfJsonSchemaEmbedded:
    return OcsfJsonSchemaEmbedded(get_ocsf_schema(VERSION))


@lru_cache
def validator(class_uid: int, profiles: tuple[str, ...]) -> Draft202012Validator:
    name = schemas().lookup_class_name_from_uid(class_uid)
    return Draft202012Validator(schemas().get_class_schema(name, list(profiles)))


def faults(event: dict[str, Any]) -> list[str]:
    """What OCSF says against an event, of the class and the profiles that it claims."""
    judge = validator(event["class_uid"], tuple(event["metadata"]["profiles"]))
    return [f"{error.json_path}: {error.message}" for error in judge.iter_errors(event)]


@lru_cache
def caption(class_uid: int, attribute: str, number: int) -> str:
    """OCSF's own word for a number."""
    name = schemas().lookup_class_name_from_uid(class_uid)
    attributes: dict[str, Any] = get_ocsf_schema(VERSION)["classes"][name]["attributes"]
    return str(attributes[attribute]["enum"][str(number)]["caption"])
