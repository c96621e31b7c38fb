"""What a process shows beside its own: Python's metrics and those of the operating system."""

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.registry import Collector


def process_registry(own: Collector) -> CollectorRegistry:
    """All metrics of a process: its own, of its Python, and of the operating system."""
    registry = CollectorRegistry()
    registry.register(own)
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry
