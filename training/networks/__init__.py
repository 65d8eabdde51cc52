"""The networks: what they are shown, how they learn, their files."""
