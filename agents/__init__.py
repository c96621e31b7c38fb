"""Stream agents: the rules (`core`), the devices they decide, the `lane` that moves data."""
