"""What the kernel refuses to processes that read videos: files by Landlock, calls by seccomp."""
