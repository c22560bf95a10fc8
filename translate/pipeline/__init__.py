"""From sound to events: the stages of a session and what lies between them."""
