"""The networks: their files, their input crops, their scores."""
