"""Compensation: what a late or lost order is worth to its customer, and why."""
