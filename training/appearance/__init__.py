"""The appearance network: a pretrained image encoder and a line on what it makes of a face."""
