"""What every page stands in: frame, page list, state and address, sources, theme and loaders."""
