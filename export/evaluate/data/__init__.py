"""What the tasks are measured on: spoken words, hummed melodies, utterances joined from words, babble noise."""
