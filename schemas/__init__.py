"""How events travel: topics, records in and out, and the published contracts.

Owns every byte on the wire: the CloudEvents envelope, JSON values, headers, topic names. Must
never decide anything about a device. Publishing is strict, consuming is tolerant of unknown
fields; what cannot be read is refused with a stable code, never guessed.
"""
