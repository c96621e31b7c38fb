"""What biolatch is made of, for those who have to know: bills of materials, and known weaknesses.

Owns the commands behind `make sbom` and `make audit`. The lock files (`requirements/*.txt`,
`deploy/kafka/kafka-jars.lock.toml`) stay the only source of both. Must never be needed to run.
"""
