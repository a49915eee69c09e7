"""The asv suite; asv imports every module of this folder."""
