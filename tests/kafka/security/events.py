"""An event as a backend hands it to `biolatch publish`."""

import json


def declined(device: str) -> str:
    """A user of the device does not want biometrics: the smallest event that changes a row."""
    return json.dumps(
        {
            "specversion": "1.0",
            "id": f"{device}-1",
            "source": "/tests",
            "type": "biolatch.enrollment.declined.v1",
            "subject": device,
            "time": "2026-01-31T08:00:00Z",
            "data": {"user_id": "ana", "channel": "settings"},
        }
    )
