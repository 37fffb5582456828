"""One module per platform: the objects of one night, as frames or lines in the platform's real format."""
