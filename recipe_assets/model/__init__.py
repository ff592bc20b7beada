"""The model side: base checkpoint, training, evaluation, export. torch and transformers live here only."""
