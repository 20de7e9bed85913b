"""The nouns: contacts and rows, outcomes, records of calls, and HeyX's six calls with their answers."""
