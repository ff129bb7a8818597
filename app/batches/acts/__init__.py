"""The shelf: a file a thing that can be chosen, with the acts that can be done to it."""
