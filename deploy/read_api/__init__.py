"""The read API: "may this device use biometrics now?" over HTTP, for services that speak no Kafka.

It is a backend like any other: it asks the client's view of the public states (ADR 0014).
"""
