"""Reports: what the whole marketplace has done, from the events' own times."""
