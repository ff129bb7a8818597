"""The outside world on loopback; it knows the platform only from outside."""
