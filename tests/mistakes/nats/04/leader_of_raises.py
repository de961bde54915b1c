"""Lets errors out while nobody leads.

Step: 11
Why: A stream without a leader is a state of the cluster, and the answer to the question: None.
"""


async def leader_of(nc, stream):
    info = await nc.jetstream(timeout=_TRY).stream_info(stream)
    return info.cluster.leader if info.cluster else None
