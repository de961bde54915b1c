"""Draws a partition for each reading of the others.

Step: 3
Why: The readings of one sensor are then in several partitions, and nobody knows their order.
"""


class RegionPartitioner(RegionPartitioner):
    def partition(self, topic, key, serialized_key, value, serialized_value, cluster):
        everything = sorted(cluster.partitions_for_topic(topic) or ())
        others = everything[len(self._hot) :]
        if not others:
            raise ValueError(topic)
        if serialized_key is None:
            return random.choice(others)
        region = bytes(serialized_key).partition(b"/")[0]
        if region in self._hot:
            return everything[self._hot[region]]
        return random.choice(others)
