"""The replay: a recorded history lived through the real platform under a stepped world clock."""
