"""The security feed for people with questions: kept as Parquet files by day, and asked with DuckDB.

Owns the files' names, columns and exactness, and the questions that come ready. It reads the topic
`biolatch.security-events` and nothing else of biolatch.
"""
