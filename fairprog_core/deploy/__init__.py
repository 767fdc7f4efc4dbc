"""What runs a learned trigger outside of the lab: passports, predictions for new rows, exported graphs."""
