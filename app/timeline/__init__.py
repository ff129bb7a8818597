"""The timeline: every change of state, who, when, what and why; added to, never changed."""
