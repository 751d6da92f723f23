"""What spans several rows of the playground."""
