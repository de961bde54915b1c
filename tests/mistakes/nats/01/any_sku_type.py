"""Looks up whatever JSON value the sku is.

Step: 8
Why: A list cannot be looked up in a dict, and a number is no article: say bad_request, always.
"""


class PriceService(PriceService):
    def _reply(self, data):
        try:
            sku = json.loads(data.decode())["sku"]
        except (ValueError, KeyError, TypeError):
            return {"error": "bad_request"}
        cents = self._prices.get(sku)
        return {"sku": sku, "error": "unknown_sku"} if cents is None else {"sku": sku, "cents": cents}
