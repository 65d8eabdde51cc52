"""What happens to the clips of a folder: wrapped otherwise, altered a little, or covered where the heat map is hot."""
