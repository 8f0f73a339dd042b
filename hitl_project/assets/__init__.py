"""Our scripts and style sheets as browsers load them: joined, without comments, compressed."""
