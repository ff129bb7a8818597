"""Policies: versioned, dated, validated documents of rules; every decision names its version."""
