"""Takes "nobody is there" for "too slow".

Step: 10
Why: The server says at once that nobody subscribes (NoRespondersError); it is no TimeoutError, and the caller can act on it.
"""


async def ask_price(nc, sku, timeout=1.0):
    try:
        reply = await nc.request("shop.price", json.dumps({"sku": sku}).encode(), timeout=timeout)
    except (TimeoutError, nats.errors.NoRespondersError) as error:
        raise PriceServiceSlow(sku) from error
    answer = json.loads(reply.data)
    if "cents" not in answer:
        raise UnknownSku(sku)
    return int(answer["cents"])
