"""Never unsubscribes its inbox.

Step: 12
Why: Each call leaves a subscription that the server has to match for ever.
"""


async def ask_all(nc, subject, payload, *, timeout, limit=None):
    inbox = nc.new_inbox()
    subscription = await nc.subscribe(inbox)
    await nc.publish(subject, payload, reply=inbox)
    answers = []
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout):
            while limit is None or len(answers) < limit:
                message = await subscription.next_msg(timeout=timeout + 1)
                if (message.headers or {}).get("Status") == "503":
                    break
                answers.append(message.data)
    return answers
