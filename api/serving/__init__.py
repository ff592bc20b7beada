"""The way of one photo: let in, decoded, put through the graph with others, answered in time."""
