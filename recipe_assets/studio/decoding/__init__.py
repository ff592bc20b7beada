"""How each format's bytes become pixels, within stated limits. `studio.photos` is the face that others use."""
