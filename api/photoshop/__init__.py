"""The Photoshop client: a UXP plugin, a script for older versions, and what puts both together for installing.

The JavaScript asks the API over HTTP like any other client. No Python here runs while photos are keyworded.
"""
