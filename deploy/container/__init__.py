"""The image: its Dockerfile, and what runs while it is built."""
