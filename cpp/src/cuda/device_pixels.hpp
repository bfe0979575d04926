// Elements in device memory. They are aligned, which the launch layer has checked.
#pragma once

#include <cstdint>

#include "batchwarp/image.hpp"
#include "cuda/job.hpp"
#include "element.hpp"

namespace batchwarp::cuda {

template <class S>
__device__ float read(const std::byte* element) {
    return widen<float>(*reinterpret_cast<const S*>(element));
}

/// `launcher` with a value of the element type.
template <class F>
void with_element_type(DType dtype, F&& launcher) {
    switch (dtype) {
        case DType::u8:
            return launcher(std::uint8_t{});
        case DType::u16:
            return launcher(std::uint16_t{});
        case DType::f16:
            return launcher(Half{});
        case DType::f32:
        case DType::f64:  // the launch layer has refused it
            return launcher(float{});
    }
}

/// Normalises a value and writes it to an element of the target.
__device__ inline void finish(const BatchJob& job, int channel, float value, std::byte* to) {
    const Scaling<float> by = job.channels[channel];
    value = by(value);
    switch (job.target.first.dtype) {
        case DType::u8:
            *reinterpret_cast<std::uint8_t*>(to) = narrow<std::uint8_t>(value);
            return;
        case DType::f16:
            *reinterpret_cast<Half*>(to) = to_half(value);
            return;
        case DType::f32:
            *reinterpret_cast<float*>(to) = value;
            return;
        case DType::u16:
        case DType::f64:  // the launch layer has refused them
            return;
    }
}

}  // namespace batchwarp::cuda
