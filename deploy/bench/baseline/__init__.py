"""What others do with the same records on the same broker: programs, each run by itself."""
