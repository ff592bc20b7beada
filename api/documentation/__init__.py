"""What the API says of itself: OpenAPI, its page, and examples that hold."""
