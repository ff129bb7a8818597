"""The watch: what is wrong now, found from what is true, however late anybody looks."""
