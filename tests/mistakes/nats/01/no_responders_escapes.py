"""Catches time-outs only.

Step: 10
Why: NoRespondersError is not a TimeoutError: it reaches the caller as an error of the client's.
"""


async def ask_price(nc, sku, timeout=1.0):
    try:
        reply = await nc.request("shop.price", json.dumps({"sku": sku}).encode(), timeout=timeout)
    except asyncio.TimeoutError as error:
        raise PriceServiceSlow(sku) from error
    answer = json.loads(reply.data)
    if "cents" not in answer:
        raise UnknownSku(sku)
    return int(answer["cents"])
