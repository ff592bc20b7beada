"""What people say about keywords after the fact: in files of the outbox, and on the review page."""
