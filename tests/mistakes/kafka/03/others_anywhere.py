"""Spreads the others over all partitions.

Step: 3
Why: The hot regions then share their partitions with everybody, and drown them as before.
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
        return everything[partition_for(serialized_key, len(everything))]
