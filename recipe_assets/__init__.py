"""Recipe Classifier: from a studio's recipe photos to released keyword models.

`studio` reads photos and keywords, `model` trains, `release` publishes, `defs` wires them into Dagster.
"""
