"""Orders from shops and files: each read into the same form, checked by the same rules."""
