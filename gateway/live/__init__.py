"""Live sessions: segments as they come → windows → rolling features → rolling verdict. Nothing of them is kept."""
