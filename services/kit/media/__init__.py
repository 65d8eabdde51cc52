"""Media: the store, the allowed formats, and the programs that read them."""
