// Makes the levels of each channel about equally frequent, by the table of Pillow and torchvision.
#pragma once

#include "ops/operation.hpp"

namespace batchwarp::ops {

struct Equalize {
    static constexpr Description description{.name = "equalize",
                                             .scope = Scope::pixel,
                                             .needs = {.histogram = true},
                                             .columns = {{"equalize", 0, 0, 1}}};

    static bool map(const int64_t* counts, uint8_t* levels) noexcept {
        int64_t all = 0, last = 0;
        for (int i = 0; i < 256; ++i) {
            all += counts[i];
            if (counts[i] != 0) last = counts[i];
        }
        const int64_t step = (all - last) / 255;
        if (step == 0) return false;
        int64_t before = step / 2;
        for (int i = 0; i < 256; ++i) {
            const int64_t level = before / step;
            levels[i] = static_cast<uint8_t>(level < 255 ? level : 255);
            before += counts[i];
        }
        return true;
    }
};

}  // namespace batchwarp::ops
