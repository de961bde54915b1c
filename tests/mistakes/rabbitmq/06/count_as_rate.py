"""Takes the number of messages so far for their rate.

Step: 1
Why: the count only grows; a queue at rest seems to get messages for ever.
"""


def _stats(queue: Mapping[str, Any]) -> QueueStats:
    counts = queue.get("message_stats", {})
    return QueueStats(
        ready=queue.get("messages_ready", 0),
        unacked=queue.get("messages_unacknowledged", 0),
        consumers=queue.get("consumers", 0),
        publish_rate=float(counts.get("publish", 0.0)),
        ack_rate=float(counts.get("ack", 0.0)),
    )
