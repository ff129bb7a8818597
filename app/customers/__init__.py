"""Customers: who bought, by channel."""
