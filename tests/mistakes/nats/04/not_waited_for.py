"""Returns as soon as the stream exists.

Step: 6
Why: The stream is there before its copies are. If the leader dies now, there is nobody to take over.
"""


async def ensure_replicated_stream(nc, name, subjects, replicas=3, timeout=20.0):
    js = nc.jetstream(timeout=timeout)
    config = api.StreamConfig(name=name, subjects=list(subjects), num_replicas=replicas)
    return await js.add_stream(config)
