"""Keyworded copies of whole shoots, sorted by Photoshop pipeline, in a folder or bucket (`RECIPE_OUTBOX`).

Plain Python: what to write, how to write it safely, what was written. The asset is `defs/post_production`'s
subject, what people change in the outbox afterwards `review`'s.
"""
