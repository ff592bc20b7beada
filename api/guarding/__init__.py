"""What stands between strangers and the service: keys, limits, headers, and where a URL may lead."""
