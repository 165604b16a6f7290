"""A second look at a detection, by an encoder that hears the whole phrase at once."""
