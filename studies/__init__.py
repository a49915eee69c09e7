"""Studies: each room has one subject, from its measurement to its page."""
