"""The voice network: stretches of sound → spectra → log-odds of being synthesised."""
