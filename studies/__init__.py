"""Studies: each folder has one subject, from its measurement to its page."""
