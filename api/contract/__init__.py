"""What clients send and what they get: the calls, how they are read, and every kind of answer."""
