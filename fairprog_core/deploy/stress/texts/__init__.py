"""Changes of texts, whose trigger stays as it is: casing, typos, cuts."""
