"""Operations in flows: what `Augment` does with the same keys, whoever asks for which batch."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import batchwarp
from batchwarp import Augment, ops, runtime
from batchwarp.augment.keys import keyed_order
from image_files import save
from keras_reference import noise

X, IDS = noise((10, 24, 20, 3)), np.arange(10)
RECIPE = [
    ops.Affine(rotation=20, shift=0.1),
    ops.Flip(),
    ops.Perspective(0.2, p=0.5),
    ops.ColorJitter(0.2, 0.2, 0.2, 0.05),
    ops.RandAugment(1),
    ops.GaussianNoise((0, 0.1)),
    ops.Erase(p=0.5),
    ops.Erase(shape="square", length=(3, 9), p=0.5),
    ops.Erase(shape="grid", length=(4, 12), p=0.5),
]
SIZED = [ops.RandomResizedCrop(12), ops.ColorJitter(0.2), ops.Normalize(100, 50)]
KERAS = {"rotation_range": 20, "zoom_range": 0.2, "horizontal_flip": True}


def generator(operations=RECIPE, **arguments):
    return batchwarp.ImageDataGenerator(operations=operations, **arguments)


def by_id(batches):
    """The images of batches with labels, in the order of the labels."""
    images, ids = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    return images[np.argsort(ids)]


def one_pass(flow):
    return by_id([next(flow) for _ in range(len(flow))])


@pytest.mark.parametrize("recipe", [RECIPE, SIZED], ids=["colours", "sizes"])
@pytest.mark.parametrize("prefetch", [0, 2])
@pytest.mark.parametrize(("batch_size", "shuffle"), [(1, False), (7, True), (32, True)])
def test_a_sample_has_its_own_pixels_in_each_pass(recipe, batch_size, shuffle, prefetch):
    flow = generator(recipe).flow(
        X, IDS, batch_size=batch_size, shuffle=shuffle, seed=7, prefetch=prefetch
    )
    aug = Augment(*recipe, seed=7)
    for epoch in range(3):
        np.testing.assert_array_equal(one_pass(flow), aug(X, keys=IDS, epoch=epoch))


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_threads_make_no_difference(threads):
    before = runtime.get_num_threads()
    try:
        runtime.set_num_threads(threads)
        made = one_pass(generator().flow(X, IDS, batch_size=4, seed=7))
    finally:
        runtime.set_num_threads(before)
    np.testing.assert_array_equal(made, Augment(*RECIPE, seed=7)(X, keys=IDS))


def test_positions_in_any_order_are_passes_too():
    flow = generator().flow(X, IDS, batch_size=4, shuffle=False, seed=7)
    aug = Augment(*RECIPE, seed=7)
    for epoch, order in enumerate([(0, 1, 2), (2, 0, 0, 1), (-1, 1, 0)]):
        batches = {position % 3: flow[position] for position in order}
        np.testing.assert_array_equal(
            by_id(batches.values()), aug(X, keys=IDS, epoch=epoch), err_msg=str(epoch)
        )
    flow.on_epoch_end()
    np.testing.assert_array_equal(one_pass(flow), aug(X, keys=IDS, epoch=3))


def test_a_pass_that_is_begun_anew_is_the_same_one():
    flow = generator().flow(X, IDS, batch_size=4, shuffle=False, seed=7)
    next(flow)
    flow.reset()
    aug = Augment(*RECIPE, seed=7)
    np.testing.assert_array_equal(one_pass(flow), aug(X, keys=IDS))
    np.testing.assert_array_equal(one_pass(flow), aug(X, keys=IDS, epoch=1))


@pytest.mark.parametrize("again", [copy.copy, lambda flow: pickle.loads(pickle.dumps(flow))])
def test_copies_go_on_in_the_same_pass(again):
    flow = generator().flow(X, IDS, batch_size=4, shuffle=False, seed=7)
    for _ in range(4):
        next(flow)
    other = again(flow)
    for _ in range(4):
        for one, same in zip(next(flow), next(other), strict=True):
            np.testing.assert_array_equal(one, same)


def test_data_sets_of_tensorflow_take_passes(keras):
    pytest.importorskip("tensorflow")
    flow = generator(SIZED).flow(X, IDS, batch_size=4, seed=7)
    data = flow.to_tf_dataset()
    assert data.element_spec[0].shape.as_list() == [None, 12, 12, 3]
    aug = Augment(*SIZED, seed=7)
    for epoch in range(2):
        batches = list(data.as_numpy_iterator())
        np.testing.assert_array_equal(by_id(batches), aug(X, keys=IDS, epoch=epoch))
    np.testing.assert_array_equal(one_pass(flow), aug(X, keys=IDS, epoch=2))
    repeated = list(data.repeat(2).as_numpy_iterator())
    for epoch, part in enumerate((repeated[:3], repeated[3:]), 3):
        np.testing.assert_array_equal(by_id(part), aug(X, keys=IDS, epoch=epoch))


@pytest.mark.parametrize("options", [{}, {"workers": 2}], ids=["one", "threads"])
def test_training_in_keras_takes_a_pass_for_each_epoch(keras, options):
    flow = generator().flow(X, IDS, batch_size=4, seed=7)
    for name, value in options.items():
        setattr(flow, name, value)
    model = keras.Sequential(
        [keras.layers.Input(X.shape[1:]), keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    model.compile(loss="mse", optimizer=keras.optimizers.SGD(1e-9))
    model.fit(flow, epochs=2, verbose=0)
    expected = Augment(*RECIPE, seed=7)(X, keys=IDS, epoch=2)
    np.testing.assert_array_equal(one_pass(flow), expected)


@pytest.mark.parametrize("draws", ["keras", "keyed"])
def test_an_epoch_of_several_processes_is_a_pass(draws):
    """As Keras does it: workers get the flow anew in each epoch, and share its positions."""
    flow = generator(draws=draws).flow(X, IDS, batch_size=4, shuffle=False, seed=7)
    flow.use_multiprocessing = True
    for epoch in range(3):
        workers = [pickle.loads(pickle.dumps(flow)) for _ in range(2)]
        batches = [workers[position % 2][position] for position in range(3)]
        expected = Augment(*RECIPE, seed=7)(X, keys=IDS, epoch=epoch)
        np.testing.assert_array_equal(by_id(batches), expected)
        flow.on_epoch_end()


def test_another_process_makes_the_same_bytes():
    code = """
        import sys
        sys.modules["keras"] = None
        import numpy as np
        import batchwarp
        from batchwarp import ops
        x = np.arange(4 * 12 * 12 * 3, dtype=np.uint8).reshape(4, 12, 12, 3)
        recipe = [ops.Affine(rotation=20), ops.Hue(0.1), ops.Erase()]
        flow = batchwarp.ImageDataGenerator(operations=recipe).flow(
            x, batch_size=3, shuffle=False, seed=5
        )
        sys.stdout.buffer.write(np.concatenate([next(flow), next(flow)]).tobytes())
    """
    environment = {**os.environ, "BATCHWARP_NUM_THREADS": "1"}
    made = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=environment,
        capture_output=True,
        check=True,
        timeout=120,
    )
    x = np.arange(4 * 12 * 12 * 3, dtype=np.uint8).reshape(4, 12, 12, 3)
    aug = Augment(ops.Affine(rotation=20), ops.Hue(0.1), ops.Erase(), seed=5)
    assert made.stdout == aug(x, keys=range(4)).tobytes()


def test_without_a_seed_the_key_follows_from_the_state_of_numpy():
    def first(seed):
        np.random.seed(seed)
        flow = generator().flow(X, batch_size=4, shuffle=False)
        np.random.uniform(size=100)
        return next(flow)

    np.testing.assert_array_equal(first(1), first(1))
    assert not np.array_equal(first(1), first(2))


@pytest.mark.parametrize("seed", [None, 3])
def test_no_number_of_the_stream_of_keras_is_taken(seed):
    results, states = [], []
    for operations in ([], [ops.Invert()], [ops.Invert(), ops.Invert(), ops.Flip(0)]):
        np.random.seed(8)
        arguments = {**KERAS, "interpolation_order": 0, "width_shift_range": [1, 2]}
        flow = generator(operations, **arguments).flow(X, batch_size=4, seed=seed)
        results.append(np.concatenate([next(flow) for _ in range(4)]))
        states.append(np.random.get_state()[1:3])
    np.testing.assert_array_equal(results[0], 255 - results[1])
    np.testing.assert_array_equal(results[0], results[2])
    np.testing.assert_equal(states[1:], states[:1] * 2)


def test_moves_of_keras_and_of_operations_are_one_map():
    """Twice as large and half as large again is not a pixel's difference."""
    x = X[:, :20]
    flow = generator([ops.Affine(zoom=(0.5, 0.5))], zoom_range=(0.5, 0.5)).flow(x, shuffle=False)
    np.testing.assert_array_equal(next(flow), x)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize(
    ("keras_arguments", "recipe"),
    [
        ({**KERAS, "channel_shift_range": 20.0}, RECIPE),
        ({**KERAS, "brightness_range": (0.5, 1.5)}, RECIPE),
        ({"channel_shift_range": 20.0}, [ops.Hue(0.2), ops.Contrast(0.5)]),
        (KERAS, [ops.RandomResizedCrop(10), ops.Hue(0.2), ops.Normalize(100, 50)]),
        (KERAS, [ops.Brightness(0.5), ops.Solarize(), ops.Posterize(3)]),
    ],
)
def test_operations_come_after_all_of_keras(keras_arguments, recipe, data_format):
    x = X if data_format == "channels_last" else np.ascontiguousarray(np.moveaxis(X, 3, 1))
    arguments = {**keras_arguments, "data_format": data_format}
    plain = generator([], **arguments).flow(x, batch_size=4, shuffle=False, seed=7)
    flow = generator(recipe, **arguments).flow(x, batch_size=4, shuffle=False, seed=7)
    aug = Augment(*recipe, seed=7, value_range=(0, 255), data_format=data_format)
    for keys in (range(4), range(4, 8), range(8, 10)):
        expected = aug(next(plain), keys=keys)
        np.testing.assert_allclose(next(flow), expected, rtol=0, atol=2e-3)


@pytest.mark.parametrize(
    ("recipe", "arguments", "then"),
    [
        (RECIPE, {"rescale": 1 / 255}, lambda x: x / 255),
        (SIZED, {"rescale": 2}, lambda x: x * 2),
        ([*RECIPE, ops.Standardize()], {"rescale": 2}, lambda x: x * 2),
        (SIZED, {"preprocessing_function": lambda x: x + 1, "rescale": 2}, lambda x: (x + 1) * 2),
        (
            [ops.CenterCrop(9), ops.Hue(0.1)],
            {"samplewise_center": True},
            lambda x: x - x.mean(axis=(1, 2, 3), keepdims=True),
        ),
    ],
)
def test_standardisation_comes_after_operations(recipe, arguments, then):
    flow = generator(recipe, **arguments).flow(X, batch_size=10, shuffle=False, seed=7)
    expected = then(Augment(*recipe, seed=7)(X, keys=IDS))
    np.testing.assert_allclose(next(flow), expected, rtol=1e-5, atol=1e-4)


def test_a_function_that_draws_finds_the_numbers_that_it_would_find():
    drawn = []

    def noted(image):
        drawn.append(np.random.uniform())
        return image

    recipe = [ops.CenterCrop(12), ops.Hue(0.1)]
    expected = Augment(*recipe, seed=7)(X, keys=IDS)
    flows = [
        generator(used, preprocessing_function=noted).flow(X, IDS, batch_size=4, seed=7)
        for used in ([], recipe)
    ]
    one_pass(flows[0])
    np.testing.assert_array_equal(one_pass(flows[1]), expected)
    assert drawn[:10] == drawn[10:]


def test_bytes_are_those_of_augment():
    recipe = [ops.Affine(rotation=20), ops.Brightness(0.3)]
    flow = generator(recipe, dtype="uint8").flow(X, batch_size=10, shuffle=False, seed=7)
    expected = Augment(*recipe, seed=7, dtype="uint8")(X, keys=IDS)
    np.testing.assert_array_equal(next(flow), expected)


class WithMethods(batchwarp.ImageDataGenerator):
    def standardize(self, x):
        return x + 1


@pytest.mark.parametrize("recipe", [RECIPE, SIZED], ids=["colours", "sizes"])
def test_overridden_methods_are_called_around_operations(recipe):
    flow = WithMethods(operations=recipe).flow(X, batch_size=4, shuffle=False, seed=7)
    aug = Augment(*recipe, seed=7, value_range=(0, 255))
    for keys in (range(4), range(4, 8)):
        expected = aug(X[list(keys)].astype(np.float32), keys=keys) + 1
        np.testing.assert_array_equal(next(flow), expected)


def test_a_changed_recipe_is_heeded_by_the_next_batch():
    ours = generator([ops.Invert()])
    flow = ours.flow(X, batch_size=10, shuffle=False)
    np.testing.assert_array_equal(next(flow), 255 - X.astype(np.float32))
    ours.operations = []
    np.testing.assert_array_equal(next(flow), X)
    ours.operations = [ops.Grayscale()]
    assert np.ptp(next(flow), axis=3).max() < 1e-3


def test_floats_need_a_value_range():
    x = X / np.float32(255)
    with pytest.raises(ValueError, match=r"`value_range` of `ImageDataGenerator` should be"):
        generator([ops.Hue()]).flow(x)
    flow = generator([ops.Invert()], value_range=(0, 1)).flow(x, batch_size=10, shuffle=False)
    np.testing.assert_allclose(next(flow), 1 - x, atol=1e-6)
    next(generator([ops.Flip()]).flow(x))


@pytest.mark.parametrize(
    ("recipe", "arguments", "message"),
    [
        ([ops.CenterCrop(30)], {}, "`size` of `CenterCrop`"),
        ([ops.Standardize()], {"dtype": "uint8"}, "`dtype` should be a floating-point dtype"),
        ([ops.Normalize(1, 1)], {"dtype": "uint8"}, "`dtype` should be a floating-point dtype"),
        ([ops.Rotate90()], {}, "`turns` of `Rotate90`"),
    ],
)
def test_what_cannot_be_done_is_refused_when_the_flow_is_made(recipe, arguments, message):
    with pytest.raises(ValueError, match=message):
        generator(recipe, **arguments).flow(X)
    with pytest.raises(ValueError, match=message):
        WithMethods(operations=recipe, **arguments).flow(X)


# Subsets.

SPLIT = {"validation_split": 0.3}


def test_validation_data_keep_what_is_left_to_no_chance():
    recipe = [
        ops.RandomCrop((20, 16), padding=2),
        ops.Flip(),
        ops.Affine(rotation=90),
        ops.Grayscale(),
        ops.Invert(p=0.5),
        ops.OneOf(ops.Solarize(), ops.Posterize(1)),
        ops.Normalize(10, 5),
    ]
    flow = generator(recipe, **SPLIT).flow(
        X, subset="validation", batch_size=3, shuffle=False, seed=7
    )
    certain = Augment(ops.CenterCrop((20, 16)), ops.Grayscale(), ops.Normalize(10, 5))
    for _ in range(2):
        np.testing.assert_allclose(next(flow), certain(X[:3]), atol=1e-5)


def test_a_random_part_of_validation_data_is_all_of_them():
    flow = generator([ops.RandomResizedCrop((9, 7))], **SPLIT, **KERAS, validation_augment=False)
    made = next(flow.flow(X, subset="validation", batch_size=3, shuffle=False))
    np.testing.assert_array_equal(made, Augment(ops.Resize((9, 7)))(X[:3]))


@pytest.mark.parametrize("value", [None, False])
def test_validation_data_have_what_keras_does_unless_it_is_off(value):
    ours = generator([ops.Invert()], **SPLIT, horizontal_flip=True, validation_augment=value)
    plain = generator([], **SPLIT, horizontal_flip=True, validation_augment=value)
    made, expected = (
        next(one.flow(X, subset="validation", seed=3, shuffle=False)) for one in (ours, plain)
    )
    np.testing.assert_array_equal(made, 255 - expected)


def test_validation_data_may_be_augmented_all_in_the_first_epoch():
    ours = generator(**SPLIT, validation_augment=True)
    flow = ours.flow(X, IDS, subset="validation", batch_size=2, seed=7, ignore_class_split=True)
    for _ in range(2):
        np.testing.assert_array_equal(one_pass(flow), Augment(*RECIPE, seed=7)(X[:3], keys=IDS[:3]))


@pytest.mark.parametrize("split", [None, "stratified"])
def test_samples_are_rows_as_they_were_given(split):
    labels = np.arange(10) % 2
    ours = generator(**SPLIT, split=split, validation_augment=True)
    aug = Augment(*RECIPE, seed=7)
    expected = aug(X, keys=IDS)
    for subset in ("training", "validation"):
        flow = ours.flow((X, IDS), labels, subset=subset, seed=7, batch_size=10)
        (images, ids), _ = next(flow)
        np.testing.assert_array_equal(images, expected[ids])


# Files.


@pytest.fixture
def folder(tmp_path):
    """A folder of ten files with pictures."""
    for number in range(10):
        save(tmp_path / "ab"[number % 2] / str(number), "png")
    return tmp_path


FILES = {"target_size": (8, 6), "class_mode": "sparse", "batch_size": 4, "seed": 7}


@pytest.mark.parametrize("cache", [None, "memory"])
@pytest.mark.parametrize("recipe", [RECIPE, [ops.Resize((5, 4)), *RECIPE]], ids=["same", "sizes"])
def test_files_are_called_by_their_relative_paths(folder, recipe, cache):
    plain = generator([]).flow_from_directory(folder, **FILES, shuffle=False)
    originals = np.concatenate([next(plain)[0] for _ in range(3)]).astype(np.uint8)
    flow = generator(recipe).flow_from_directory(folder, **FILES, shuffle=False, cache=cache)
    keys = [name.replace(os.sep, "/") for name in flow.filenames]
    aug = Augment(*recipe, seed=7)
    for epoch in range(3):
        made = np.concatenate([next(flow)[0] for _ in range(3)])
        assert made.shape[1:] == flow.image_shape
        np.testing.assert_array_equal(made, aug(originals, keys=keys, epoch=epoch))


@pytest.mark.filterwarnings("ignore:Found 1 invalid image")
def test_files_of_dataframes_are_called_by_their_rows(folder):
    pd = pytest.importorskip("pandas")
    names = [f"{'ab'[number % 2]}/{number}.png" for number in IDS]
    frame = pd.DataFrame({"filename": [*names[:3], "a/missing.png", *names[4:]], "number": IDS})
    options = {"y_col": "number", "class_mode": "raw", "batch_size": 9, "target_size": (8, 6)}
    flow, plain = (
        generator(recipe).flow_from_dataframe(frame, folder, **options, seed=7)
        for recipe in (RECIPE, [])
    )
    originals, rows = next(plain)
    assert 3 not in rows
    expected = Augment(*RECIPE, seed=7)(originals.astype(np.uint8), keys=rows)
    np.testing.assert_array_equal(next(flow)[0], expected)


def test_what_takes_the_place_of_a_file_keeps_its_own_number(folder):
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))
    (folder / names[2]).write_bytes(b"no picture")
    options = {**FILES, "shuffle": False, "batch_size": 10, "on_error": "skip"}
    flow = generator().flow_from_directory(folder, **options)
    plain = generator([]).flow_from_directory(folder, **options)
    keys = [*names[:2], names[3], *names[3:]]
    expected = Augment(*RECIPE, seed=7)(next(plain)[0].astype(np.uint8), keys=keys)
    np.testing.assert_array_equal(next(flow)[0], expected)


def test_saved_and_returned_images_have_the_size_of_the_recipe(folder, tmp_path):
    saved = tmp_path / "saved"
    saved.mkdir()
    flow = generator([ops.CenterCrop(4)]).flow_from_directory(
        folder, **{**FILES, "class_mode": "input"}, save_to_dir=saved
    )
    images, same = next(flow)
    assert images.shape == same.shape == (4, 4, 4, 3)
    assert len(list(saved.iterdir())) == 4


# Keyed draws for Keras' arguments and the order, too.

ALL = {
    **KERAS,
    "height_shift_range": [1, 2],
    "brightness_range": (0.5, 1.5),
    "channel_shift_range": 9.0,
}


def keyed(operations=(), **arguments):
    return generator(operations, draws="keyed", **arguments)


@pytest.mark.parametrize("recipe", [[], RECIPE], ids=["none", "operations"])
@pytest.mark.parametrize(
    ("batch_size", "shuffle", "prefetch", "threads"),
    [(1, True, 0, 2), (7, False, 0, 1), (32, True, 2, 8), (4, True, 3, 1)],
)
def test_keyed_draws_depend_on_sample_and_pass_alone(
    recipe, batch_size, shuffle, prefetch, threads
):
    ours = keyed(recipe, **ALL)
    flow = ours.flow(X, IDS, batch_size=3, shuffle=False, seed=7)
    expected = [one_pass(flow) for _ in range(3)]
    assert not np.array_equal(expected[0], expected[1])
    before = runtime.get_num_threads()
    try:
        runtime.set_num_threads(threads)
        other = ours.flow(X, IDS, batch_size=batch_size, shuffle=shuffle, seed=7, prefetch=prefetch)
        for images in expected:
            np.testing.assert_array_equal(one_pass(other), images)
    finally:
        runtime.set_num_threads(before)


def test_the_order_follows_from_seed_and_pass():
    def ids(flow):
        return np.concatenate([next(flow)[1] for _ in range(len(flow))]).tolist()

    flow = keyed().flow(X, IDS, batch_size=4, seed=7)
    for epoch in range(3):
        assert ids(flow) == keyed_order(7, epoch, 10).tolist()
    assert [number for i in range(3) for number in flow[i][1]] == keyed_order(7, 3, 10).tolist()
    flow.on_epoch_end()
    batches = [flow[i][1].tolist() for i in (2, 0, 1)]
    order = keyed_order(7, 4, 10).tolist()
    assert batches == [order[8:], order[:4], order[4:8]]
    assert ids(flow) == keyed_order(7, 5, 10).tolist()


def test_the_state_of_numpy_is_neither_read_nor_moved():
    np.random.seed(3)
    state = np.random.get_state(legacy=False)
    flow = keyed(RECIPE, **ALL).flow(X, IDS, batch_size=4)
    first = one_pass(flow)
    np.testing.assert_equal(np.random.get_state(legacy=False), state)
    assert not np.array_equal(first, one_pass(keyed(RECIPE, **ALL).flow(X, IDS, batch_size=4)))
    again = pickle.loads(pickle.dumps(flow))
    np.testing.assert_array_equal(one_pass(flow), one_pass(again))


def test_keyed_data_sets_of_tensorflow(keras):
    pytest.importorskip("tensorflow")
    flow = keyed(RECIPE, **ALL).flow(X, IDS, batch_size=4, seed=7)
    data = keyed(RECIPE, **ALL).flow(X, IDS, batch_size=4, seed=7).to_tf_dataset()
    for _ in range(2):
        for one, same in zip([next(flow) for _ in range(3)], data.as_numpy_iterator(), strict=True):
            np.testing.assert_array_equal(one[0], same[0])
            np.testing.assert_array_equal(one[1], same[1])


def test_overridden_methods_get_parameters_that_are_keyed():
    settings = {**KERAS, "draws": "keyed"}
    made = one_pass(WithMethods(**settings).flow(X, IDS, batch_size=4, seed=7))
    expected = one_pass(keyed(**KERAS).flow(X, IDS, batch_size=3, seed=7)) + 1
    np.testing.assert_allclose(made, expected, atol=2e-3)


def test_saved_files_are_named_after_the_pass(tmp_path):
    flow = keyed().flow(X, batch_size=10, shuffle=False, save_to_dir=tmp_path)
    next(flow), next(flow)
    names = {f"_{row}_{number}.png" for row in range(10) for number in range(2)}
    assert {path.name for path in tmp_path.iterdir()} == names


def test_what_is_shown_of_a_batch_is_what_was_drawn():
    flow, same = (keyed(RECIPE, **ALL).flow(X, batch_size=4, seed=7) for _ in range(2))
    variants = list(flow.next_variants())
    np.testing.assert_array_equal(np.stack([one.image for one in variants]), next(same))
    assert len({one.parameters["theta"] for one in variants}) == 4


def test_other_streams_are_refused():
    with pytest.raises(ValueError, match='`draws` should be "keras" or "keyed"'):
        generator([], draws="philox")
