"""The front door: the start page, signing in and out."""
