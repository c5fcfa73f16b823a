"""Each `python -m benchmarks.<topic>` measures one promise, beside what it is measured against.

What is compared alternates within one run, for machines have moods. A run prints the machine, what
it measured, and at its end a line a figure:

    <topic>.<figure>: <measured> (goal <goal>) ok|short

It exits 0 whether its goals are met or not. `--quick` runs all of it in miniature, to see that it
works; its figures mean nothing.
"""
