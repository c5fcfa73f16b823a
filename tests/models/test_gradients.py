"""Gradients of a batch in parts: those of the whole batch, and the same each time."""

import threading
import time

import pytest
import torch
from torch import nn
from torch.nn import functional

from workbench.models.backbones import load_backbone
from workbench.models.gradients import Gradients
from workbench.models.schedule import train_mode

IMAGES = 20  # of 224 x 224: three parts
CLASSES = 3


@pytest.fixture(autouse=True)
def threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def net():
    """A network of ImageNet's architecture, small, whose normalisation does not learn."""
    torch.manual_seed(0)
    model = load_backbone("test_efficientnet", weights="random", device="cpu").model
    net = nn.Sequential(model, nn.Linear(model.num_features, CLASSES)).requires_grad_(True)
    train_mode(net, freeze_statistics=True)
    return net


@pytest.fixture(scope="module")
def batch():
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(IMAGES, 3, 224, 224, generator=generator)
    return inputs, torch.randint(CLASSES, (IMAGES,), generator=generator)


class Watch:
    """A loss that says how it was asked for."""

    def __init__(self, net, most=IMAGES):
        self.net, self.most, self.seen, self.notes = net, most, [], []

    def __call__(self, inputs, truth):
        self.seen.append((len(inputs), threading.current_thread().name, torch.get_num_threads()))
        if len(inputs) > self.most:
            raise torch.OutOfMemoryError("too much")
        return functional.cross_entropy(self.net(inputs), truth, reduction="sum"), len(inputs)

    def gradients(self, batch):
        with Gradients(self.net, self, self.notes.append) as gradients:
            loss = gradients.compute(*batch)
        return loss, [parameter.grad.clone() for parameter in self.net.parameters()]


def of_the_whole(net, batch):
    loss = functional.cross_entropy(net(batch[0]), batch[1])
    return loss.item(), torch.autograd.grad(loss, [*net.parameters()])


def test_each_core_computes_parts_of_its_own(net, batch):
    watch = Watch(net)
    loss, gradients = watch.gradients(batch)
    assert sorted(size for size, _, _ in watch.seen) == [6, 7, 7]
    assert len({name for _, name, _ in watch.seen}) == 2
    assert {each for *_, each in watch.seen} == {1}
    assert torch.get_num_threads() == 2 and not watch.notes
    wanted_loss, wanted = of_the_whole(net, batch)
    assert loss == pytest.approx(wanted_loss, rel=1e-5)
    for own, whole in zip(gradients, wanted, strict=True):
        torch.testing.assert_close(own, whole, rtol=1e-3, atol=1e-4)


def test_of_many_cores_several_share_a_part(net, batch):
    torch.set_num_threads(9)  # given back by the fixture
    watch = Watch(net)
    watch.gradients(batch)
    assert sorted(size for size, _, _ in watch.seen) == [5, 5, 5, 5]
    assert {each for *_, each in watch.seen} == {2}
    assert torch.get_num_threads() == 9


def test_the_same_batch_gives_the_same_gradients_bit_for_bit(net, batch):
    first = Watch(net).gradients(batch)[1]
    for _ in range(3):
        again = Watch(net).gradients(batch)[1]
        assert all(torch.equal(*pair) for pair in zip(first, again, strict=True))


def test_threads_that_come_later_have_all_cores(net, batch):
    Watch(net).gradients(batch)
    heard = []
    thread = threading.Thread(target=lambda: heard.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert heard == [2]


def test_random_layers_draw_in_one_thread(net, batch):
    net.insert(1, nn.Dropout(0.5))
    watch = Watch(net)
    draws = []
    for _ in range(2):
        torch.manual_seed(3)
        draws.append(watch.gradients(batch)[1])
    assert {name for _, name, _ in watch.seen} == {threading.current_thread().name}
    assert all(torch.equal(*pair) for pair in zip(*draws, strict=True))


def test_a_normalisation_that_learns_sees_the_whole_batch(net, batch):
    train_mode(net, freeze_statistics=False)
    watch = Watch(net)
    watch.gradients(batch)
    assert [size for size, *_ in watch.seen] == [IMAGES]


def test_a_part_that_memory_does_not_hold_is_cut_again(net, batch):
    watch = Watch(net, most=4)
    gradients = watch.gradients(batch)[1]
    assert watch.notes == [
        f"memory did not hold a batch of {IMAGES} images: it goes through in 6 parts, with the "
        "same result"
    ]
    for own, whole in zip(gradients, of_the_whole(net, batch)[1], strict=True):
        torch.testing.assert_close(own, whole, rtol=1e-3, atol=1e-4)


def test_what_memory_holds_in_no_part_is_an_error(net, batch):
    with pytest.raises(torch.OutOfMemoryError):
        Watch(net, most=0).gradients(batch)


def test_an_error_of_one_core_waits_for_the_other_and_is_told(net, batch):
    told, done = threading.Event(), []

    def loss_of(inputs, truth):
        if torch.equal(truth, batch[1][: len(truth)]):
            told.set()
            raise ZeroDivisionError("a part of it")
        assert told.wait(60)
        time.sleep(0.2)  # in which an impatient one would be gone
        done.append(len(truth))
        return net(inputs).sum(), len(inputs)

    with Gradients(net, loss_of, print) as gradients:
        with pytest.raises(ZeroDivisionError, match="a part of it"):
            gradients.compute(*batch)
        assert done == [7]


def test_what_the_loss_does_not_touch_has_no_gradient(batch):
    net = nn.ModuleDict({"used": nn.Linear(4, 2), "idle": nn.Linear(4, 2)})

    def loss_of(inputs, truth):
        return net["used"](inputs).square().sum(), len(inputs)

    with Gradients(net, loss_of, print) as gradients:
        gradients.compute(torch.ones(3, 4), torch.zeros(3))
    assert net["used"].weight.grad is not None and net["idle"].weight.grad is None


def test_sums_are_divided_by_what_they_are_of():
    """A part without objects does not count as one with."""
    net = nn.Linear(1, 1, bias=False)
    counts = torch.tensor([3.0, 0.0])

    def loss_of(inputs, truth):
        return net(inputs).sum(), truth.sum().item()

    with Gradients(net, loss_of, print) as gradients:
        loss = gradients.compute(torch.tensor([[6.0], [3.0]]), counts)
    assert net.weight.grad.item() == pytest.approx(9 / 3)
    assert loss == pytest.approx(3 * net.weight.item())
