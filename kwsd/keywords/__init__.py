"""Keywords: what a keyword and its templates are, the store on disk, and which keywords a run spots."""
