"""Where the files of an index are: a folder of this machine or an object store, and the one writer's lock."""
