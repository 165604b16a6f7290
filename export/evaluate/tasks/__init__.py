"""Each task of the papers: `run` measures what is missing in the folder of results."""
