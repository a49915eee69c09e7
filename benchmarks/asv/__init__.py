"""The asv suite; asv imports every module in here."""
