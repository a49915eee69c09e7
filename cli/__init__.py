"""The command `layerlaw`: it reads options, calls the other packages and prints their results."""
