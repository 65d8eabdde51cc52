"""Real servers that tests start for themselves: PostgreSQL, and an S3 store."""
