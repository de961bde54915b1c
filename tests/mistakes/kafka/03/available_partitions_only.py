"""Reckons with the partitions that have a leader.

Step: 5
Why: When a node dies there are fewer of them, and nearly every key moves. A record for a partition without a leader waits; a record elsewhere is out of order for good.
"""


class RegionPartitioner(RegionPartitioner):
    def partition(self, topic, key, serialized_key, value, serialized_value, cluster):
        everything = sorted(cluster.available_partitions_for_topic(topic) or ())
        others = everything[len(self._hot) :]
        if not others:
            raise ValueError(topic)
        if serialized_key is None:
            return random.choice(others)
        region = bytes(serialized_key).partition(b"/")[0]
        if region in self._hot:
            return everything[self._hot[region]]
        return others[partition_for(serialized_key, len(others))]
