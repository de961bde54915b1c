"""Makes the stream with the default of one copy.

Step: 6
Why: Three nodes run, and the stream lies on one of them. When that one is gone, so is every order.
"""


async def ensure_replicated_stream(nc, name, subjects, replicas=3, timeout=20.0):
    js = nc.jetstream(timeout=_TRY)
    await js.add_stream(name=name, subjects=list(subjects))
    return await js.stream_info(name)
