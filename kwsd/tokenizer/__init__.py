"""The tokenizer: audio to frames of (time, unit vector, token), the shipped model and its bank of background speech."""
