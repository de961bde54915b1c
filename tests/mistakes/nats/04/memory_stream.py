"""Keeps the stream in memory.

Step: 6
Why: Three copies in memory are gone when the power is.
"""


async def ensure_replicated_stream(nc, name, subjects, replicas=3, timeout=20.0):
    js = nc.jetstream(timeout=_TRY)
    await js.add_stream(
        name=name, subjects=list(subjects), num_replicas=replicas, storage=api.StorageType.MEMORY
    )
    while not _complete(info := await js.stream_info(name), replicas):
        await asyncio.sleep(_PAUSE)
    return info
