"""`python -m recipe_assets` is the `recipe` command."""

from recipe_assets.cli import main

main()
