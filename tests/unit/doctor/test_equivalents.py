"""The operations that are named in place of others' exist, with the numbers that are meant."""

from __future__ import annotations

import ast

import pytest

from batchwarp import ops
from batchwarp.doctor import albumentations_rules, examine, layer_rules, read
from batchwarp.doctor.code import arguments_of
from batchwarp.doctor.equivalents import Given


def of(module, table, text, tmp_path):
    path = tmp_path / "script.py"
    path.write_text(text)
    document = read(path)
    call = ast.parse(text).body[0].value
    name = call.func.id
    arguments, _ = arguments_of(call, table[name][0])
    return module.equivalent(name, Given(document, arguments))


def test_what_is_not_known_stands_as_it_is_written(tmp_path):
    text = "Affine(rotate=(-LIMIT, LIMIT), p=1)"
    said = of(albumentations_rules, albumentations_rules.TRANSFORMS, text, tmp_path)
    assert "rotation=(-LIMIT, LIMIT)" in said


@pytest.mark.parametrize(
    ("layer", "operation"),
    [
        ('RandomFlip("horizontal")', ops.Flip(horizontal=0.5)),
        ('RandomFlip(mode="vertical")', ops.Flip(horizontal=0, vertical=0.5)),
        ("RandomFlip()", ops.Flip(horizontal=0.5, vertical=0.5)),
        ("RandomRotation(0.25)", ops.Affine(rotation=(-90, 90))),
        ("RandomRotation((-0.1, 0.2))", ops.Affine(rotation=(-36, 72))),
        ("RandomZoom(0.25)", ops.Affine(zoom=(0.8, 1.33))),
        ("RandomZoom((-0.5, 0))", ops.Affine(zoom=(1, 2))),
        ("RandomTranslation(0.1, 0.2)", ops.Affine(shift=(0.2, 0.1))),
        ("RandomBrightness(0.2)", ops.Brightness((0.8, 1.2))),
        ("RandomContrast(0.3)", ops.Contrast((0.7, 1.3))),
        ("RandomSaturation((0.5, 0.5))", ops.Saturation((1, 1))),
        ("RandomSaturation(1.0)", ops.Saturation((0, 2))),
        ("RandomSharpness(0.5)", ops.Sharpen((0, 1))),
        ("RandomHue(0.2)", ops.Hue((0, 0.1), mode="hsv")),
        ("RandomColorDegeneration(0.4)", ops.Saturation((0.6, 1))),
        ("RandomErasing(1.0)", ops.Erase(p=0.5)),
        ("RandomErasing((1, 1))", ops.Erase(p=1)),
        ("RandomGrayscale(0.3)", ops.Grayscale(p=0.3)),
        ("RandomPosterization(4)", ops.Posterize(4)),
        ("RandomCrop(32, 24)", ops.RandomCrop((32, 24))),
        ("CenterCrop(height=32, width=24)", ops.CenterCrop((32, 24))),
        ("Solarization(threshold_factor=0.5)", ops.Solarize((0, 0.5))),
        ("RandAugment(num_ops=3)", ops.RandAugment(num_ops=3)),
        ("MixUp(0.4)", ops.MixUp(alpha=0.4)),
        ("Equalization()", ops.Equalize()),
        ("AutoContrast()", ops.AutoContrast()),
        (
            "RandomColorJitter(contrast_factor=0.2, brightness_factor=0.1)",
            ops.ColorJitter(brightness=(0.9, 1.1), contrast=0.2),
        ),
        (
            "RandomGaussianBlur((1, 1), 5, (0.5, 2))",
            ops.GaussianBlur((0.5, 2), kernel_size=5, p=1),
        ),
    ],
)
def test_layers_of_keras(layer, operation, tmp_path):
    code = of(layer_rules, layer_rules.LAYERS, layer, tmp_path)
    assert eval(code, {"ops": ops}) == operation


@pytest.mark.parametrize(
    ("transform", "operation"),
    [
        ("HorizontalFlip(p=0.3)", ops.Flip(horizontal=0.3)),
        ("VerticalFlip()", ops.Flip(horizontal=0, vertical=0.5)),
        ("Rotate(30, p=1)", ops.Affine(rotation=30)),
        ("Rotate((-10, 20))", ops.Affine(rotation=(-10, 20), p=0.5)),
        (
            "ShiftScaleRotate(shift_limit=0.1, scale_limit=(-0.1, 0.3), rotate_limit=20, p=1)",
            ops.Affine(rotation=20, zoom=(0.9, 1.3), shift=0.1),
        ),
        ("RandomBrightnessContrast(0.3, p=1)", ops.ColorJitter(brightness=0.3, contrast=0.2)),
        (
            "RandomBrightnessContrast((-0.1, 0.3), p=1)",
            ops.ColorJitter(brightness=(0.9, 1.3), contrast=0.2),
        ),
        ("RandomGamma((80, 150), p=1)", ops.Gamma((0.8, 1.5))),
        ("RandomCrop(24, 32)", ops.RandomCrop((24, 32))),
        ("RandomResizedCrop(size=(20, 30))", ops.RandomResizedCrop((20, 30))),
        (
            "RandomResizedCrop(height=20, width=30, scale=(0.5, 1))",
            ops.RandomResizedCrop((20, 30), scale=(0.5, 1)),
        ),
        ("Resize(height=20, width=30)", ops.Resize((20, 30))),
        ("ToGray(p=1)", ops.Grayscale()),
        ("Equalize()", ops.Equalize(p=0.5)),
        (
            "Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))",
            ops.Normalize((127.5, 127.5, 127.5), (127.5, 127.5, 127.5)),
        ),
        ("ElasticTransform(alpha=40, sigma=6, p=1)", ops.Elastic(alpha=40, sigma=6)),
        ("Cutout(1, 16, 16, p=1)", ops.Erase(shape="square", length=16)),
        ("Cutout()", ops.Erase(shape="square", length=8, p=0.5)),
        ("Erasing(ratio=(0.5, 2), p=1)", ops.Erase(ratio=(0.5, 2))),
        (
            "GridDropout(0.4, unit_size_range=(20, 60), p=1)",
            ops.Erase(shape="grid", length=(20, 60), hole_ratio=0.4),
        ),
        ("ColorJitter(0.1, 0.2, 0.3, 0.4, p=1)", ops.ColorJitter(0.1, 0.2, 0.3, 0.4)),
    ],
)
def test_transforms_of_albumentations(transform, operation, tmp_path):
    table = albumentations_rules.TRANSFORMS
    assert eval(of(albumentations_rules, table, transform, tmp_path), {"ops": ops}) == operation


@pytest.mark.parametrize("name", layer_rules.LAYERS)
def test_every_layer_is_one_of_keras(name, keras):
    assert hasattr(keras.layers, name)


@pytest.mark.parametrize("name", albumentations_rules.TRANSFORMS)
def test_every_transform_has_an_operation_that_exists(name, tmp_path):
    code = of(albumentations_rules, albumentations_rules.TRANSFORMS, f"{name}(2, 4)", tmp_path)
    assert hasattr(ops, ast.parse(code).body[0].value.func.attr)


def test_what_depends_on_the_image_is_left_open(tmp_path):
    said = of(albumentations_rules, albumentations_rules.TRANSFORMS, "GridDropout()", tmp_path)
    assert said == 'ops.Erase(shape="grid", length=..., p=0.5)'


def test_names_of_the_script_stay_names(tmp_path):
    path = tmp_path / "script.py"
    path.write_text("from keras.layers import RandomCrop\nRandomCrop(SIZE, SIZE // 2)\n")
    [finding] = examine(read(path)).findings
    assert "`ops.RandomCrop((SIZE, SIZE // 2))`" in finding.advice


def test_names_of_the_successor(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(
        "import albumentations as A\nA.Rotate(angle_range=(-5, 9))\n"
        "A.RandomBrightnessContrast(contrast_range=(0, 0.5))\n"
    )
    first, second = examine(read(path)).findings
    assert first.advice == "`ops.Affine(rotation=(-5, 9), p=0.5)`"
    assert second.advice == "`ops.ColorJitter(brightness=0.2, contrast=(1, 1.5), p=0.5)`"
