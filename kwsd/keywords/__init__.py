"""Keywords: keyword and template, their file format, the store on disk, and the selection of keywords to spot."""
