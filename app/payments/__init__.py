"""Payments: what channels say of an order's money, kept as facts."""
