"""Callbacks: TensorBoard, the progress line, score tables."""
