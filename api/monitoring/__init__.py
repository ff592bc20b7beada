"""The service seen from outside: logs, metrics, health, and who may look on."""
