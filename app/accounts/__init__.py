"""Accounts: people who sign in, and keys that programs carry."""
