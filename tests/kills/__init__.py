"""Kill stylizing runs at random moments, and check that nothing finished is lost and nothing is refused afterwards.

Every kill is a number and a seed, so that a find can be repeated. Runs are killed while they begin (which is where a
resumed run copies what the one before it left), between frames, and while they join their parts into the final file:

    python -m kills --count 100 --seed 33
"""
