"""What answers: the scorer, and the processes that put it on a network.

Start at ``serving.scoring``; it is the ground floor and knows nothing of the rest.
"""
