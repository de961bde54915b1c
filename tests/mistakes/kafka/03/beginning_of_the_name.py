"""Takes every region that begins like a hot one for hot.

Step: 3
Why: "europe" begins with "eu". A name ends where its separator stands.
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
        for name, number in self._hot.items():
            if region.startswith(name):
                return everything[number]
        return others[partition_for(serialized_key, len(others))]
