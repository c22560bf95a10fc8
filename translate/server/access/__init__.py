"""Who may do what: roles, tokens, limits of failed tries, and links with tokens."""
