"""Counts only the messages that wait.

Step: 4
Why: what consumers hold is not done; if one of them dies, all of it comes back.
"""


def time_to_drain(stats: QueueStats) -> float:
    if stats.ready == 0:
        return 0.0
    speed = stats.ack_rate - stats.publish_rate
    return stats.ready / speed if speed > 0 else math.inf
