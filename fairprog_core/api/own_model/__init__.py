"""``fp.reprogram``: a trigger in front of a user's own model, learned and measured in memory."""
