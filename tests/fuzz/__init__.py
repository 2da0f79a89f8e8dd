"""A seeded, resumable fuzz harness: mutated images, clips, playlists and model folders.

Run from the tests folder; each input follows from the seed and its number, so that a find can be made again:

    python -m fuzz --count 10000 --seed 1 --log fuzz.jsonl     goes on where the log ends
    python -m fuzz --only 4711 --seed 1 --keep input           makes one input again and says what became of it
"""
