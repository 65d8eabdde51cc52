"""Media: where it is kept, what may be opened, and the programs that read it."""
