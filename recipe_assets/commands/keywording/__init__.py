"""A folder of photos, keyworded in place through the API, and put back: exactly once, resumable, with an undo.

Here: finding photos, asking, writing, undoing. Options and printing are `commands.keyword`'s subject, how keywords
stand in a file that of `studio.metadata`.
"""
