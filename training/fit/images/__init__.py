"""Pictures in class folders: reading them, their candidates, their tensors."""
