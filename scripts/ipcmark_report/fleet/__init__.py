"""Many hosts: which of those alike measure otherwise than their peers, and what two campaigns over the same hosts say."""
