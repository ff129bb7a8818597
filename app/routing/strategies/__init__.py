"""Strategies: drop in a module with a `strategy` object, and a policy can name it."""
