"""Relies on numbers that a new queue does not have.

Step: 1
Why: in its first moment a queue has no messages_ready, and before its first message no message_stats; the monitor ends with a KeyError.
"""


def _stats(queue: Mapping[str, Any]) -> QueueStats:
    rates = queue["message_stats"]
    return QueueStats(
        ready=queue["messages_ready"],
        unacked=queue["messages_unacknowledged"],
        consumers=queue["consumers"],
        publish_rate=rates["publish_details"]["rate"],
        ack_rate=rates["ack_details"]["rate"],
    )
