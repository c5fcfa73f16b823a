"""Standing in for a page that the model learns beside, and labelling for it."""

import threading
from contextlib import contextmanager
from pathlib import Path

from workbench.dataset.types import Pick

CLASSES = ["0", "1", "2"]
PATIENCE = 60  # seconds


class Page:
    """Stands in for the page: hears the news, and waits for what it wants to hear."""

    def __init__(self, feedback):
        self.heard = []
        self._more = threading.Condition()
        self.stop = feedback.on_news(self._hear)

    def _hear(self, news):
        with self._more:
            self.heard.append(news)
            self._more.notify_all()

    def wait(self, wanted):
        """The first news so far, or to come, that is wanted."""
        with self._more:
            assert self._more.wait_for(lambda: any(map(wanted, self.heard)), PATIENCE), self.heard
            return next(filter(wanted, self.heard))

    def wait_labels(self, count):
        """The first news of a model that has learned from so many labels of the pool."""
        return self.wait(lambda news: bool(news.get("curve")) and learned(news) == count)


def learned(news):
    return news["curve"][-1]["labels"]


def idle(feedback):
    """Wait until there is no thread at work."""
    with feedback._changed:
        thread = feedback._thread
    if thread is not None:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def images(bench, split):
    """Sample ids of a split and the true class of each, the classes in turn."""
    found = bench.dataset.match({"split": split}).values(["id", "filepath"])
    by_class = {c: [] for c in CLASSES}
    for sample_id, path in zip(*found, strict=True):
        if (name := Path(path).parent.name) in by_class:
            by_class[name].append(sample_id)
    turns = range(max(map(len, by_class.values())))
    return [(by_class[c][i], c) for i in turns for c in CLASSES if i < len(by_class[c])]


def commit(bench, labelled):
    for sample_id, label in labelled:
        bench.labels.commit(sample_id, label)


def picks(ids, strategy="margin"):
    return [Pick(i, rank, 0.5, strategy, "why") for rank, i in enumerate(ids)]


@contextmanager
def hidden(path):
    """A file that is gone for a while."""
    away = path.with_suffix(".away")
    path.rename(away)
    yield
    away.rename(path)
