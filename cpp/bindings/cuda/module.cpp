// The extension module of the CUDA kernels, which an installation without BATCHWARP_CUDA lacks.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <exception>
#include <optional>

#include "../array.hpp"
#include "../gil.hpp"
#include "batchwarp/cuda.hpp"
#include "device_array.hpp"
#include "tensor.hpp"

#ifdef BATCHWARP_CUDA_EMULATION
#include "cuda_emulation.hpp"
#endif

namespace batchwarp::bindings {
namespace {

void check_rank(const Tensor& tensor, const char* name) {
    if (tensor.shape.size() != 4)
        throw py::value_error("`" + std::string(name) + "` should have rank 4. Received rank " +
                              std::to_string(tensor.shape.size()));
}

void check_writable(const Tensor& dst) {
    if (dst.read_only)
        throw py::value_error("`dst` should be writable. Received a read-only tensor");
    for (std::size_t i = 0; i < dst.shape.size(); ++i)
        if (dst.shape[i] > 1 && dst.strides[i] == 0)
            throw py::value_error(
                "`dst` should have memory for each element. Received a broadcast tensor, whose "
                "stride of axis " +
                std::to_string(i) + " is 0");
}

void queue_batch(const Tensor& src, const py::object& indices, const py::object& params,
                 const Plan& plan, const Tensor& dst, std::uintptr_t stream) {
    check_rank(src, "src");
    check_rank(dst, "dst");
    check_writable(dst);
    const bool channels_first = plan.options().channels_first;
    BatchRequest request;
    const MutableBatchView source = src.images(channels_first);
    request.source = {source.first, source.count, source.image_stride};
    request.target = dst.images(channels_first);
    read_tables(indices, params, plan, request);
    const GilReleased released;
    const CudaDeviceScope scope(dst.device);
    augment_batch_cuda(plan, request, handle(stream));
}

bool is_capturing(int device, std::uintptr_t stream) {
    const CudaDeviceScope scope(device);
    return cuda_is_capturing(handle(stream));
}

std::unique_ptr<CudaEvent> make_event(int device, std::uintptr_t stream) {
    const CudaDeviceScope scope(device);
    return std::make_unique<CudaEvent>(handle(stream));
}

void order_streams(int device, std::uintptr_t first, std::uintptr_t then) {
    const CudaDeviceScope scope(device);
    CudaEvent(handle(first)).precede(handle(then));
}

// Python's class, so that it can be named without this module. NOLINTNEXTLINE: pybind11's signature
void translate_cuda_error(std::exception_ptr error) {
    try {
        if (error) std::rethrow_exception(error);
    } catch (const CudaError& failure) {
        py::set_error(py::module_::import("batchwarp.errors").attr("CudaError"), failure.what());
    }
}

#ifdef BATCHWARP_CUDA_EMULATION
void register_emulation(py::module_& m) {
    m.def("run_all", [] { cuda_emulation::run_all_queues(); });
    m.def("memory_in_use", [] {
        std::size_t bytes = 0;
        for (const auto& [address, allocation] : cuda_emulation::allocated)
            bytes += allocation.bytes;
        return bytes;
    });
    m.def("waiting_tasks", [](int device, std::uintptr_t stream) {
        const CudaDeviceScope scope(device);
        const auto name = cuda_emulation::name_of(static_cast<cudaStream_t>(handle(stream)));
        return cuda_emulation::queues[name].tasks.size();
    });
    m.def("fail_allocation_after",
          [](int allocations) { cuda_emulation::allocations_left = allocations; });
    m.def("fail_launch_after", [](int launches) { cuda_emulation::launches_left = launches; });
    m.def("capture", [](std::uintptr_t stream) {
        cuda_emulation::captured_stream = static_cast<cudaStream_t>(handle(stream));
    });
}
#endif

}  // namespace
}  // namespace batchwarp::bindings

PYBIND11_MODULE(_cuda, m) {
    using namespace batchwarp;
    using namespace batchwarp::bindings;
    m.doc() = "The CUDA kernels of batchwarp.";
    py::register_local_exception_translator(&translate_cuda_error);

    py::class_<Tensor>(m, "Tensor", "Memory of another library on a device.")
        .def_static("from_dlpack", &Tensor::from_dlpack, py::arg("capsule"), py::arg("name"))
        .def_static("from_interface", &Tensor::from_interface, py::arg("pointer"), py::arg("shape"),
                    py::arg("typestr"), py::arg("strides"), py::arg("read_only"), py::arg("owner"),
                    py::arg("name"))
        .def_property_readonly("shape",
                               [](const Tensor& t) { return py::tuple(py::cast(t.shape)); })
        .def_property_readonly("dtype",
                               [](const Tensor& t) { return py::dtype(dtype_name(t.dtype)); })
        .def_readonly("device", &Tensor::device);

    py::class_<DeviceArray>(m, "DeviceArray", "An array in C order in the memory of a device.")
        .def(py::init<std::vector<std::int64_t>, const py::dtype&, int, std::uintptr_t, bool>(),
             py::arg("shape"), py::arg("dtype"), py::arg("device"), py::arg("stream"),
             py::arg("reused"))
        .def_property_readonly("shape", &DeviceArray::shape)
        .def_property_readonly("dtype", &DeviceArray::dtype)
        .def_property_readonly("nbytes", &DeviceArray::nbytes)
        .def_property_readonly("device", &DeviceArray::device)
        .def("__len__", &DeviceArray::length)
        .def("__repr__", &DeviceArray::repr)
        .def("numpy", &DeviceArray::numpy, "Copies to the host, and waits for it.")
        .def("synchronize", &DeviceArray::synchronize, "Waits until the content is there.")
        .def("fill", &DeviceArray::fill, py::arg("images"), py::arg("first"))
        .def("written_by", &DeviceArray::written_by, py::arg("stream"))
        .def("__dlpack__", &DeviceArray::dlpack, py::kw_only(), py::arg("stream") = py::none(),
             py::arg("max_version") = py::none(), py::arg("dl_device") = py::none(),
             py::arg("copy") = py::none())
        .def("__dlpack_device__", &DeviceArray::dlpack_device)
        .def_property_readonly("__cuda_array_interface__", &DeviceArray::cuda_array_interface);

    py::class_<CudaEvent>(m, "Event", "A point in a stream.")
        .def(py::init(&make_event), py::arg("device"), py::arg("stream"))
        .def("done", &CudaEvent::done);

    m.def("device_count", &cuda_device_count);
    m.def("is_capturing", &is_capturing, py::arg("device"), py::arg("stream"),
          "Whether the work queued to a stream becomes a graph instead of being done.");
    m.def("augment_batch", &queue_batch, py::arg("src"), py::arg("indices"), py::arg("params"),
          py::arg("plan"), py::arg("dst"), py::arg("stream"),
          "Queues the work of `_core.augment_batch` to a stream.");
    m.def("order_streams", &order_streams, py::arg("device"), py::arg("first"), py::arg("then"),
          "Lets what is queued to a stream from now on begin after what the other one has.");
#ifdef BATCHWARP_CUDA_EMULATION
    register_emulation(m);
#endif
}
