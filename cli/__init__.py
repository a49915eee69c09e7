"""The command `layerlaw`: it wires layers, measuring, analysis and reports, and nothing more."""
