"""Orders, their lines, and the fulfillment orders that vendors work on."""
