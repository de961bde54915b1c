"""Takes deliveries for acknowledgements.

Step: 1
Why: a consumer that takes messages and never finishes one looks as if it worked.
"""


def _stats(queue: Mapping[str, Any]) -> QueueStats:
    rates = queue.get("message_stats", {})
    return QueueStats(
        ready=queue.get("messages_ready", 0),
        unacked=queue.get("messages_unacknowledged", 0),
        consumers=queue.get("consumers", 0),
        publish_rate=float(rates.get("publish_details", {}).get("rate", 0.0)),
        ack_rate=float(rates.get("deliver_get_details", {}).get("rate", 0.0)),
    )
