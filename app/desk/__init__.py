"""The desk at which people and keys are looked after: the console has one, the portal has one."""
