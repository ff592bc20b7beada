"""What people type after `recipe`: one module for each group of commands, thin over the rooms that do the work.

The entry is `recipe_assets.cli`. Nothing heavy is imported before a command needs it.
"""
