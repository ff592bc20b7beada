"""What a release is, where it is kept, and how it predicts. The API lives on this: no torch, no Dagster."""
