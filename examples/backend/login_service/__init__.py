"""A login service that lets people in by password or, where biolatch says so, by face or finger.

An example of a backend of biolatch: it publishes what phones report, asks before it trusts a scan,
and keeps what belongs together in one transaction. Small on purpose: sessions, rate limits and the
check of the phone's own signature are left to a real service.
"""
