"""What APIs answered in production, as tables: files, collection, drift. No Dagster, no torch."""
