"""Studies that each hold one subject from measurement to report."""
