"""The studio side in plain Python: from files to labelled photos. Knows neither Dagster nor torch."""
