"""Promises: confirm-by and ship-by of a fulfillment order, deliver-by of an order."""
