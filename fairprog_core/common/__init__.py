"""Used by all other rooms: errors, options, registries, the home, files and their validation."""
