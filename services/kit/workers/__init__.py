"""Worker processes: started, given tasks over a socket, limited, replaced."""
