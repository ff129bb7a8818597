"""Notes on an order, with photos, for ops, one vendor or the customer."""
