"""What every other room uses: errors, options, registries, the home, files and their checks."""
