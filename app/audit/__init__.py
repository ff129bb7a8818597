"""Audit: what people and keys did, and were refused, in a chain that shows every change to it."""
