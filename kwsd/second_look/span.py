"""How much audio a second look hears, and how much of it a vector stands for; all in seconds."""

LEAD = 0.6  # before a stretch that are heard
TAIL = 0.24  # after it; the tokenizer has heard as many when it answers
SILENCE = 1.0  # after these
LONGEST = 10.0  # of a stretch
EDGE = 0.12  # before and after a detection in which an alignment may begin and end
HOP = 0.04  # between vectors, each of which is of two of the encoder's
