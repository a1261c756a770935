"""Pictures: encoded bytes on disk; decoded, resized and augmented in the graph."""
