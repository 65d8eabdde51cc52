"""The networks that read faces: their files, what they are shown, what they say."""
