"""Takes all messages of a queue for those that wait.

Step: 1
Why: what a consumer holds is counted twice, and a stuck consumer looks like a backlog.
"""


def _stats(queue: Mapping[str, Any]) -> QueueStats:
    rates = queue.get("message_stats", {})
    return QueueStats(
        ready=queue.get("messages", 0),
        unacked=queue.get("messages_unacknowledged", 0),
        consumers=queue.get("consumers", 0),
        publish_rate=float(rates.get("publish_details", {}).get("rate", 0.0)),
        ack_rate=float(rates.get("ack_details", {}).get("rate", 0.0)),
    )
