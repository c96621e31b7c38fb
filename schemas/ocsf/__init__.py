"""The security feed: verdicts, decisions and dead letters in the words of OCSF 1.8.0.

Owns what security tools read of biolatch: the Open Cybersecurity Schema Framework
(https://schema.ocsf.io/1.8.0) and nothing of our own where OCSF has a word. Pure: one record gives
the same events on every machine. What protects it: every type, reason and outcome is mapped in a
test, and each event is validated with the schemas that the OCSF project publishes.
"""
