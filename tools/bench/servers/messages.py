"""The two messages of a decision, as this project sends them."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4


def decision_made(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "decision_made",
        "timestamp": datetime.now(UTC).isoformat(),
        "decision_id": str(uuid4()),
        "apv_id": body["apv_id"],
        "apv_code": "APV-2026-001",
        "decision": body["decision"],
        "reviewer_name": "Load Reviewer",
        "action_taken": "pr_merged",
        "channel": "decisions",
        "offset": 1,
    }


def stats_update() -> dict[str, Any]:
    return {
        "type": "stats_update",
        "timestamp": datetime.now(UTC).isoformat(),
        "pending_reviews": 42,
        "total_decisions": 1337,
        "decisions_today": 13,
    }
