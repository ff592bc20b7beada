"""The HTTP API: photo in, keyword out. It serves ONNX and knows neither torch nor Dagster."""
