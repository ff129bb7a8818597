"""The console: what ops sees of orders, cases and the platform, and the few things it may do."""
