#pragma once

#include <pybind11/pybind11.h>

namespace batchwarp::bindings {

void register_attributes(pybind11::module_& m);   // bind_attributes.cpp: unchanged
void register_batch(pybind11::module_& m);        // bind_batch.cpp: augment_batch, affine_matrices
void register_batch_maker(pybind11::module_& m);  // bind_batch_maker.cpp: BatchMaker
void register_buffers(pybind11::module_& m);      // bind_buffers.cpp: BufferPool
void register_draws(pybind11::module_& m);        // bind_draws.cpp: ParameterDraws, permutation
void register_files(pybind11::module_& m);        // bind_files.cpp: make_files, FileDecoding
void register_jpeg(pybind11::module_& m);         // bind_jpeg.cpp: ordinary_jpeg, libjpeg
void register_mixing(pybind11::module_& m);       // bind_mixing.cpp: add_others, paste_others
void register_places(pybind11::module_& m);       // bind_places.cpp: Places
void register_plan(pybind11::module_& m);         // bind_plan.cpp: Plan, OPERATIONS
void register_ragged(pybind11::module_& m);       // bind_ragged.cpp: gather_rows
void register_resize(pybind11::module_& m);       // bind_resize.cpp: resize, luma
void register_runtime(pybind11::module_& m);      // bind_runtime.cpp: threads, SIMD tier, build
void register_targets(pybind11::module_& m);      // bind_targets.cpp: points and boxes

}  // namespace batchwarp::bindings
