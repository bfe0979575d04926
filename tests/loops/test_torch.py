"""Flows as data sets of PyTorch's: the same batches with any number of workers, and as tensors."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import batchwarp
from batchwarp.torch import Dataset, IterableDataset

torch = pytest.importorskip("torch", reason="the data sets are of its classes")
data = torch.utils.data

pytestmark = [
    # A child is forked while threads of the parent's wait; what they are about is put right.
    pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning"),
    # On machines of two processors.
    pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning"),
]

N = 23
X = np.random.RandomState(0).randint(0, 256, (N, 10, 12, 3)).astype("uint8")
Y = np.arange(N)
WORKERS = [0, 1, 2, 3]


def generator(**arguments):
    return batchwarp.ImageDataGenerator(**{"rotation_range": 30, "draws": "keyed"} | arguments)


def flow(of=None, **options):
    return (of or generator()).flow(X, Y, **{"batch_size": 4, "seed": 5} | options)


def loader(dataset, workers, **options):
    return data.DataLoader(dataset, batch_size=None, num_workers=workers, **options)


def expected(of, passes=1):
    """Batches of some passes, with images in PyTorch's layout."""
    batches = [[next(of) for _ in range(len(of))] for _ in range(passes)]
    return [[(x.transpose(0, 3, 1, 2), y) for x, y in one] for one in batches]


def assert_equal(batches, others):
    for one, other in zip(batches, others, strict=True):
        for array, tensor in zip(other, one, strict=True):
            np.testing.assert_array_equal(tensor.numpy(), array)


@pytest.mark.parametrize("workers", WORKERS)
@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize("draws", ["keras", "keyed"])
def test_epochs_are_passes_of_the_flow(workers, persistent, draws):
    if persistent and not workers:
        pytest.skip("there is none to persist")
    of = generator(draws=draws)
    batches = loader(IterableDataset(flow(of)), workers, persistent_workers=persistent)
    for one in expected(flow(of), 3):
        assert_equal(list(batches), one)


def test_bytes_are_handed_over_as_they_are():
    for workers in (0, 2):
        batches = list(loader(IterableDataset(flow(handover="uint8")), workers))
        assert {images.dtype for images, _ in batches} == {torch.uint8}
        assert_equal(batches, expected(flow(handover="uint8"))[0])


def test_workers_that_are_started_anew():
    batches = loader(IterableDataset(flow()), 2, multiprocessing_context="spawn")
    for one in expected(flow(), 2):
        assert_equal(list(batches), one)


def test_workers_without_seeds_but_keys():
    of = flow(seed=None)
    plain = expected(copy.copy(of))
    assert_equal(list(loader(IterableDataset(of), 2)), plain[0])


@pytest.mark.parametrize("workers", [0, 2])
def test_an_epoch_that_is_left_is_over(workers):
    batches = loader(IterableDataset(flow()), workers)
    plain = expected(flow(), 3)
    for one in plain[:2]:
        for batch, other in zip(batches, one, strict=False):
            assert_equal([batch], [other])
            break
    assert_equal(list(batches), plain[2])


@pytest.mark.parametrize("workers", WORKERS)
def test_an_epoch_can_be_set(workers):
    dataset = IterableDataset(flow())
    batches = loader(dataset, workers, persistent_workers=workers > 0)
    plain = expected(flow(), 4)
    for epoch in (2, 0, 0):
        dataset.set_epoch(epoch)
        assert_equal(list(batches), plain[epoch])
    assert_equal(list(batches), plain[1])


def test_epochs_with_one_seed_of_pytorch():
    batches = loader(IterableDataset(flow()), 2)
    for one in expected(flow(), 3):
        torch.manual_seed(0)  # which the seeds of workers are drawn from
        assert_equal(list(batches), one)


@pytest.mark.parametrize("workers", [0, 2])
def test_an_epoch_begins_with_the_flows_own(workers):
    of = flow()
    passes = expected(flow(), 3)
    for _ in range(2 * len(of)):
        next(of)
    assert_equal(list(loader(IterableDataset(of), workers)), passes[2])


@pytest.mark.parametrize(
    "options", [{"prefetch": 3}, {"shard": (1, 2)}, {"shuffle": False}], ids=str
)
@pytest.mark.parametrize("workers", [0, 2])
def test_options_of_flows(options, workers):
    batches = loader(IterableDataset(flow(**options)), workers)
    assert len(batches) == len(flow(**options))
    for one in expected(flow(**options), 2):
        assert_equal(list(batches), one)


def test_workers_of_keras_draws_need_a_seed():
    of = flow(generator(draws="keras"), seed=None)
    assert len(list(IterableDataset(of))) == len(of)
    with pytest.raises(ValueError, match=r"`seed` of the flow should be an integer.*1 workers"):
        list(loader(IterableDataset(of), 1))


def test_tensors_are_the_memory_of_the_batch():
    images, labels = next(iter(IterableDataset(flow())))
    assert images.shape == (4, 3, 10, 12)
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert labels.dtype == torch.int64
    first = generator(data_format="channels_first").flow(X.transpose(0, 3, 1, 2), Y, seed=5)
    images, _ = next(iter(IterableDataset(first)))
    assert images.shape == (N, 3, 10, 12)
    assert images.is_contiguous()
    batch = next(flow(shuffle=False))
    tensor = batchwarp.torch.tensors.as_tensors(flow(), batch, False)[0]
    assert tensor.data_ptr() == batch[0].ctypes.data


def first_of(of):
    return next(iter(IterableDataset(of)))


def test_structures():
    options = {"batch_size": 2, "shuffle": False}
    images = first_of(generator().flow(X, **options))
    assert images.shape == (2, 3, 10, 12)
    images, labels, weights = first_of(
        generator().flow(X, Y.astype("float32"), sample_weight=Y / 2, **options)
    )
    assert (labels.dtype, weights.tolist()) == (torch.float32, [0.0, 0.5])
    (images, others), labels = first_of(generator().flow([X, np.eye(N)], np.eye(N), **options))
    assert (others.shape, labels.dtype) == ((2, N), torch.float64)
    names = np.array(["a"] * N)
    assert first_of(generator().flow(X, names, **options))[1].tolist() == ["a", "a"]
    masks = X[..., :1]
    assert first_of(generator().flow(X, masks=masks, **options))[1].shape == (2, 1, 10, 12)
    several = first_of(generator().flow(X, masks={"a": masks, "b": masks}, **options))[1]
    assert {name: mask.shape for name, mask in several.items()} == {
        "a": (2, 1, 10, 12),
        "b": (2, 1, 10, 12),
    }
    boxes = np.tile([[[1.0, 2, 5, 6]]], (N, 1, 1))
    made = first_of(generator().flow(X, Y, masks=masks, boxes=boxes, **options))[1]
    assert made["labels"].dtype == torch.int64
    assert made["masks"].shape == (2, 1, 10, 12)
    assert made["boxes"].shape == (2, 1, 4)


def test_labels_of_files_and_samples():
    samples = list(zip(X, Y % 3, strict=True))

    def of(mode):
        return first_of(
            generator().flow_from_samples(samples, class_mode=mode, target_size=(10, 12))
        )[1]

    assert of("sparse").dtype == torch.int64
    assert of("categorical").dtype == torch.float32
    assert of("raw").dtype == torch.int64
    assert of("input").shape == (N, 3, 10, 12)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("cache", [None, "memory"])
def test_samples_of_other_libraries(workers, cache):
    class Source(data.Dataset):
        def __len__(self):
            return N

        def __getitem__(self, row):
            return X[row], int(Y[row])

    def of():
        return generator().flow_from_samples(
            Source(), class_mode="sparse", target_size=(10, 12), batch_size=4, seed=5, cache=cache
        )

    batches = loader(IterableDataset(of()), workers)
    for one in expected(of(), 2):
        assert_equal(list(batches), one)


def test_numbers_of_other_kinds():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    of = generator(dtype="bfloat16").flow(X, shuffle=False, batch_size=2, seed=1)
    images = first_of(of)
    assert images.dtype == torch.bfloat16
    array = next(generator(dtype="bfloat16").flow(X, shuffle=False, batch_size=2, seed=1))
    assert array.dtype == ml_dtypes.bfloat16
    np.testing.assert_array_equal(
        images.float().numpy(), array.transpose(0, 3, 1, 2).astype(np.float32)
    )
    fixed = X.copy()
    fixed.setflags(write=False)
    tensor = batchwarp.torch.tensors.as_tensors(flow(), fixed, False)
    tensor[:] = 0  # into a copy
    assert fixed.any()


@pytest.mark.parametrize("workers", WORKERS)
@pytest.mark.parametrize("batch_size", [1, 5, 23])
def test_samples_are_those_of_passes(workers, batch_size):
    passes = [
        [np.concatenate(arrays) for arrays in zip(*one, strict=True)]
        for one in expected(flow(shuffle=False), 3)
    ]
    batches = data.DataLoader(
        Dataset(flow()), batch_size=batch_size, shuffle=True, num_workers=workers
    )
    orders = []
    for images, labels in passes:
        made, order = map(torch.cat, zip(*batches, strict=True))
        np.testing.assert_array_equal(made.numpy(), images[order])
        np.testing.assert_array_equal(order, labels[order])
        orders.append(order.tolist())
    assert orders[0] != orders[1] != orders[2]


@pytest.mark.parametrize("workers", [0, 2])
def test_an_epoch_of_samples_can_be_set(workers):
    dataset = Dataset(flow())
    batches = data.DataLoader(
        dataset, batch_size=6, num_workers=workers, persistent_workers=workers > 0
    )
    images = [np.concatenate([x for x, _ in one]) for one in expected(flow(shuffle=False), 3)]
    for epoch in (2, 0, 0):
        dataset.set_epoch(epoch)
        made = torch.cat([batch for batch, _ in batches])
        np.testing.assert_array_equal(made.numpy(), images[epoch])


def test_samples_one_by_one():
    dataset = Dataset(flow())
    assert isinstance(dataset, data.Dataset)
    assert len(dataset) == N
    image, label = dataset[-1]
    assert image.shape == (3, 10, 12)
    assert label == N - 1
    again, _ = dataset[N - 1]
    assert not torch.equal(image, again)  # the next epoch
    twice = dataset.__getitems__([3, 3])
    assert not torch.equal(twice[0][0], twice[1][0])
    dataset.set_epoch(0)
    assert torch.equal(image, dataset[-1][0])
    for index in (N, -N - 1):
        with pytest.raises(IndexError, match=f"sample {index} of {N}"):
            dataset[index]


@pytest.mark.parametrize("kind", [Dataset, IterableDataset])
def test_copies_go_on_by_themselves(kind):
    dataset = kind(flow())
    assert isinstance(dataset, kind)
    assert isinstance(dataset, getattr(data, kind.__name__))

    def first(of):
        return next(iter(of))[0] if kind is IterableDataset else of[0][0]

    one = first(dataset)
    for other in (copy.deepcopy(dataset), pickle.loads(pickle.dumps(dataset))):
        dataset.set_epoch(0)
        first(dataset)
        other.set_epoch(0)
        assert torch.equal(first(other), one)


def test_a_subclass():
    class Greys(IterableDataset):
        def __iter__(self):
            return (images.mean(1) for images, _ in super().__iter__())

    assert isinstance(Greys(flow()), data.IterableDataset)
    assert next(iter(loader(Greys(flow()), 0))).shape == (4, 10, 12)


@pytest.mark.parametrize("kind", [Dataset, IterableDataset])
def test_what_is_refused(kind):
    with pytest.raises(TypeError, match=r"`flow` should be an iterator.*Received: ndarray"):
        kind(X)
    with pytest.raises(ValueError, match="`pin_memory` should be a boolean"):
        kind(flow(), pin_memory="yes")
    with pytest.raises(ValueError, match="`epoch` should be an integer of at least 0"):
        kind(flow()).set_epoch(-1)


def test_what_is_no_data_set_of_samples():
    with pytest.raises(ValueError, match='should be of a generator with `draws="keyed"`'):
        Dataset(flow(generator(draws="keras")))
    with pytest.raises(ValueError, match="Received: one with a `shard`"):
        Dataset(flow(shard=(1, 2)))


def test_pinning_without_a_card_does_nothing():
    if torch.cuda.is_available():
        pytest.skip("there is a card")
    assert not next(iter(IterableDataset(flow(), pin_memory=True)))[0].is_pinned()


def threads(dataset):
    return [int(batch) for batch in loader(dataset, 2)]


def test_workers_share_the_threads():
    class Threads(IterableDataset):
        def __iter__(self):
            return (batchwarp.runtime.get_num_threads() for _ in super().__iter__())

    before = batchwarp.runtime.get_num_threads()
    batchwarp.runtime.set_num_threads(6)
    try:
        assert set(threads(Threads(flow()))) == {3}
    finally:
        batchwarp.runtime.set_num_threads(before)
