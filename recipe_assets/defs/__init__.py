"""The Dagster side: assets, checks, resources and automation. Thin wiring over the other rooms."""
