"""A cluster on one machine: several replicas under one name, processes that die, networks that break."""
