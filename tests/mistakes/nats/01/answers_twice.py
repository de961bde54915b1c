"""Answers an unknown article, and then goes on to the next answer.

Step: 8
Why: Whoever sent a request reads the first reply and never sees the second; one who collects many replies counts this desk twice.
"""


class PriceService(PriceService):
    async def _answer(self, message):
        if not message.reply:
            return
        reply = self._reply(message.data)
        if reply.get("error") == "unknown_sku":
            await message.respond(json.dumps(reply).encode())
        await message.respond(json.dumps(reply).encode())
