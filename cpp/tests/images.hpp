// Batches for tests: any dtype and layout, in a buffer of exactly the size that the elements need,
// so that AddressSanitizer sees every read past its end.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "batchwarp/batch.hpp"
#include "batchwarp/reference.hpp"
#include "fill_modes.hpp"
#include "half.hpp"

namespace testing {

using namespace batchwarp;

/// Largest difference from the reference that single precision explains, on a scale of 0 to 255.
inline double tolerance(DType target, int order) {
    switch (target) {
        case DType::f16:  // a unit in the last place at 255, or above 256, where splines overshoot
            return order > 1 ? 0.251 : 0.126;
        case DType::u8:
            return 1;  // a value next to .5 may be rounded either way
        case DType::f64:
            return 1e-9;
        case DType::f32:
            return 1e-3;
        case DType::u16:
            break;
    }
    return 0;  // not a target
}

enum class Layout { nhwc, nchw, padded, reversed };

struct TestBatch {
    std::unique_ptr<std::byte[]> memory;
    std::size_t bytes = 0;
    MutableBatchView view;

    TestBatch(DType dtype, std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t c,
              Layout layout) {
        const auto item = static_cast<std::int64_t>(item_size(dtype));
        const std::int64_t gap = layout == Layout::padded ? 3 : 0;
        view.count = n;
        MutableImageView& f = view.first;
        f.dtype = dtype;
        f.height = h;
        f.width = w;
        f.channels = c;
        if (layout == Layout::nchw) {
            f.pixel_stride = item;
            f.row_stride = w * item;
            f.channel_stride = h * f.row_stride;
            view.image_stride = c * f.channel_stride;
        } else {
            f.channel_stride = item;
            f.pixel_stride = c * item;
            f.row_stride = (w + gap) * f.pixel_stride;
            view.image_stride = (h + gap) * f.row_stride;
        }
        bytes = 0;
        if (n > 0)
            bytes = static_cast<std::size_t>(item + (n - 1) * view.image_stride +
                                             (h - 1) * f.row_stride + (w - 1) * f.pixel_stride +
                                             (c - 1) * f.channel_stride);
        memory = std::make_unique<std::byte[]>(bytes);
        f.data = memory.get();
        if (layout == Layout::reversed && n > 0) {
            f.data +=
                (n - 1) * view.image_stride + (h - 1) * f.row_stride + (w - 1) * f.pixel_stride;
            view.image_stride = -view.image_stride;
            f.row_stride = -f.row_stride;
            f.pixel_stride = -f.pixel_stride;
        }
    }

    template <class F>
    void each(F&& visit) const {
        for (std::int64_t i = 0; i < view.count; ++i)
            for (std::int64_t r = 0; r < view.first.height; ++r)
                for (std::int64_t c = 0; c < view.first.width; ++c)
                    for (std::int64_t k = 0; k < view.first.channels; ++k)
                        visit(view[i].at(r, c, k));
    }

    void fill(std::mt19937& random) const {
        std::uniform_int_distribution<int> byte(0, 255);
        each([&](std::byte* at) {
            const int v = byte(random);
            const auto put = [at](auto value) { std::memcpy(at, &value, sizeof value); };
            switch (view.first.dtype) {
                case DType::u8:
                    return put(static_cast<std::uint8_t>(v));
                case DType::u16:
                    return put(static_cast<std::uint16_t>(v));
                case DType::f16:
                    return put(to_half(static_cast<float>(v)));
                case DType::f32:
                    return put(static_cast<float>(v));
                case DType::f64:
                    return put(static_cast<double>(v));
            }
        });
    }

    /// All values, in the order image, row, column, channel.
    std::vector<double> values() const {
        std::vector<double> out;
        each([&](const std::byte* at) {
            const auto as = [at](auto value) {
                std::memcpy(&value, at, sizeof value);
                return value;
            };
            switch (view.first.dtype) {
                case DType::u8:
                    out.push_back(as(std::uint8_t{}));
                    break;
                case DType::u16:
                    out.push_back(as(std::uint16_t{}));
                    break;
                case DType::f16:
                    out.push_back(to_float(as(Half{})));
                    break;
                case DType::f32:
                    out.push_back(static_cast<double>(as(float{})));
                    break;
                case DType::f64:
                    out.push_back(as(double{}));
                    break;
            }
        });
        return out;
    }
};

/// Lets the values of a float32 batch leave [0, 255].
inline void scale_values(const TestBatch& batch, double scale, double shift) {
    if (batch.view.first.dtype != DType::f32) return;
    batch.each([&](std::byte* at) {
        float v;
        std::memcpy(&v, at, sizeof v);
        v = static_cast<float>(v * scale + shift);
        std::memcpy(at, &v, sizeof v);
    });
}

inline BatchView readable(const MutableBatchView& view) {
    BatchView result;
    result.first = view.first;
    result.count = view.count;
    result.image_stride = view.image_stride;
    return result;
}

/// Rows of parameters for any plan, neutral at first.
class Rows {
  public:
    Rows(const Plan& plan, std::int64_t count) : columns_(plan.columns().size()) {
        for (std::int64_t i = 0; i < count; ++i)
            for (const Column& column : plan.columns()) values_.push_back(column.neutral);
    }

    const double* data() const { return values_.data(); }
    double* row(std::int64_t image) {
        return values_.data() + static_cast<std::size_t>(image) * columns_;
    }

  private:
    std::size_t columns_;
    std::vector<double> values_;
};

inline double uniform(std::mt19937& random, double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random);
}

/// A row of parameters for Keras' list of operations, `keras_steps`, neutral at first.
struct KerasRow {
    double theta = 0, tx = 0, ty = 0, shear = 0, zx = 1, zy = 1;
    double flip_horizontal = 0, flip_vertical = 0;
    double channel_shift = not_applied, brightness = not_applied;

    const double* data() const { return &theta; }
};

inline const double* data_of(const std::vector<KerasRow>& rows) {
    return reinterpret_cast<const double*>(rows.data());
}

/// A plan of Keras' operations.
inline Plan keras_plan(PlanOptions options, const Normalization& normalization) {
    options.steps = keras_steps(normalization);
    return Plan(std::move(options));
}

/// The matrix that a row makes; false if there is nothing to warp.
inline bool affine_from_row(const KerasRow& row, std::int64_t height, std::int64_t width,
                            Affine& affine) {
    const Plan plan({.height = height, .width = width, .channels = 1});
    const Coordinates coordinates = plan.coordinates(row.data());
    affine = coordinates.affine;
    return coordinates.warps;
}

/// Random coordinates. `wild` goes far beyond what anybody would train with.
inline KerasRow random_row(std::mt19937& random, std::int64_t h, std::int64_t w, bool wild) {
    KerasRow row;
    row.theta = uniform(random, -20, 20) * (wild ? 9 : 1);
    row.tx = uniform(random, -0.1, 0.1) * static_cast<double>(h) * (wild ? 10 : 1);
    row.ty = uniform(random, -0.1, 0.1) * static_cast<double>(w) * (wild ? 10 : 1);
    row.shear = uniform(random, -10, 10);
    row.zx = wild ? uniform(random, 0.3, 3) : uniform(random, 0.9, 1.1);
    row.zy = wild ? uniform(random, 0.3, 3) : uniform(random, 0.9, 1.1);
    row.flip_horizontal = uniform(random, 0, 1) < 0.5 ? 1 : 0;
    row.flip_vertical = uniform(random, 0, 1) < 0.5 ? 1 : 0;
    return row;
}

/// Parameters of all steps that change pixels, as people train with them; half of the steps have
/// nothing to do if `some`.
inline void color_randomly(Rows& rows, std::int64_t image, const Plan& plan, std::mt19937& random,
                           bool some) {
    for (const Step& step : plan.pixel_steps()) {
        if (some && random() % 2 == 0) continue;
        for (int k = 0; k < step.description->column_count(); ++k) {
            const Column& column = step.description->columns[k];
            rows.row(image)[step.column + k] = uniform(random, column.low, column.high);
        }
    }
}

template <class Wanted>
std::vector<std::string> names_where(Wanted&& wanted) {
    std::vector<std::string> names;
    for (const Description* operation : operations())
        if (wanted(*operation)) names.emplace_back(operation->name);
    return names;
}

/// The names of all operations of a scope.
inline std::vector<std::string> names_of(Scope scope) {
    return names_where([scope](const Description& operation) { return operation.scope == scope; });
}

/// The names of recipes' operations on the pixels of images of so many channels.
inline std::vector<std::string> color_names(std::int64_t channels) {
    return names_where([channels](const Description& operation) {
        return operation.scope == Scope::pixel && !operation.keras && operation.takes(channels);
    });
}

/// Some of them. A digit more or less, of single precision, is a whole level more or less to those
/// that jump: they come first, after such as keep whole numbers whole.
inline std::vector<StepOptions> random_colors(std::mt19937& random, std::int64_t channels,
                                              std::size_t most) {
    std::vector<std::string> first, then;
    for (const std::string& name : color_names(channels)) {
        const bool jumps = name == "equalize" || name == "jpeg_compression" ||
                           name == "posterize" || name == "solarize";
        const bool whole = name == "channel_drop" || name.starts_with("erase") || name == "invert";
        if (jumps || whole) first.push_back(name);
        if (!jumps) then.push_back(name);
    }
    std::vector<StepOptions> steps;
    // After anything that rounds, what jumps may jump elsewhere than in the reference.
    if (random() % 2 == 0) steps.push_back({first[random() % first.size()]});
    for (std::size_t left = random() % most; left > 0; --left) {
        steps.push_back({then[random() % then.size()]});
        // Of the little contrast that these may leave in a channel, this would make much.
        const std::string& last = steps.back().operation;
        if (last == "gaussian_blur" || last == "hue" || last == "hue_hsv")
            std::erase(then, "autocontrast");
    }
    return steps;
}

/// Each of Keras' own operations that change pixels alone, and every two of them in either order.
inline std::vector<std::vector<StepOptions>> lists_of_keras_pixel_steps() {
    const std::vector<std::string> names = names_where([](const Description& operation) {
        return operation.scope == Scope::pixel && operation.keras;
    });
    std::vector<std::vector<StepOptions>> lists;
    for (const std::string& first : names) {
        lists.push_back({{first}});
        for (const std::string& second : names) lists.push_back({{first}, {second}});
    }
    return lists;
}

}  // namespace testing
