"""The read side over HTTP: measures, shares, explanations, lists and dictionaries of one chain."""
