"""Label providers: drop in a module with a `provider` object."""
