"""The release that answers: found, fetched, verified, swapped; and the candidate that answers unseen."""
