"""`make seeds`: a lab under three values of LAB_SEED, its claims side by side, the book's copy untouched."""

from utils import labs

CODE = [
    'from utils.claims import claim\nfrom utils.runtime import start\n\nrun = start("part/tiny")',
    'claim(run, "seed", "Seed zero is the first.", float(run.seed()), "<= 1000")',
    'claim(run, "after", "Two is two.", 2.0, ">= 2")',
]


def test_every_seed_is_run_and_the_books_copy_stays(book):
    book.write(*CODE)
    recorded = labs.seeds(book.name, root=book.root)
    assert [[record["name"] for record in run] for run in recorded] == [["seed", "after"]] * 2 + [["seed"]]
    assert [run[0]["value"] for run in recorded] == [0, 1000, 2000]
    assert [run[0]["seed"] for run in recorded] == [0, 1, 2]
    assert not labs.executed(book.name, book.root).exists()

    rows = labs.seeds_table(["seed", "after"], recorded).splitlines()
    assert rows[0].split() == ["claim", "bound", "LAB_SEED=0", "LAB_SEED=1", "LAB_SEED=2"]
    assert rows[1].split() == ["seed", "<=", "1000", "0", "1e+03", "2e+03", "BROKEN"]
    assert rows[2].endswith("not reached")
