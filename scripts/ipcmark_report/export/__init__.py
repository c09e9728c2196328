"""Takes the results of a run elsewhere: into the formats of other tools."""
