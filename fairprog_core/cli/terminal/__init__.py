"""What the commands share: options that recur, how figures and times are written."""
