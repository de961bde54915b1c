"""Takes the server's notice that nobody listens for an answer.

Step: 12
Why: On an inbox of one's own the notice arrives as a message with an empty body and the header Status: 503.
"""


async def ask_all(nc, subject, payload, *, timeout, limit=None):
    inbox = nc.new_inbox()
    subscription = await nc.subscribe(inbox)
    answers = []
    try:
        await nc.publish(subject, payload, reply=inbox)
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while limit is None or len(answers) < limit:
                    answers.append((await subscription.next_msg(timeout=timeout + 1)).data)
    finally:
        await subscription.unsubscribe()
    return answers
