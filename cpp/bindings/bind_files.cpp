#include <pybind11/stl.h>

#include <algorithm>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "arguments.hpp"
#include "array.hpp"
#include "batchwarp/file_batch.hpp"
#include "batchwarp/parallel.hpp"
#include "gil.hpp"
#include "register.hpp"

namespace batchwarp::bindings {
namespace {

FileDecoding decoding_of(std::pair<std::int64_t, std::int64_t> size, std::int64_t channels,
                         const std::string& interpolation, bool keep_aspect_ratio,
                         bool exif_transpose, bool scaled_decode, std::pair<int, int> pillow,
                         std::int64_t max_pixels) {
    return {{size.first, size.second},
            channels,
            interpolation_from_name(interpolation),
            keep_aspect_ratio,
            exif_transpose,
            scaled_decode,
            {pillow.first, pillow.second},
            max_pixels};
}

// As the system takes it; empty for what is no path, which whoever opens it then can say better.
NativePath native_path(const py::handle& path) {
#if defined(_WIN32)
    PyObject* text = nullptr;
    if (PyUnicode_FSDecoder(path.ptr(), &text) == 0) {
        PyErr_Clear();
        return {};
    }
    const auto owned = py::reinterpret_steal<py::object>(text);
    Py_ssize_t length = 0;
    wchar_t* wide = PyUnicode_AsWideCharString(text, &length);
    if (wide == nullptr) throw py::error_already_set();
    NativePath native(wide, static_cast<std::size_t>(length));
    PyMem_Free(wide);
    return native;
#else
    PyObject* bytes = nullptr;
    if (PyUnicode_FSConverter(path.ptr(), static_cast<void*>(&bytes)) == 0) {
        PyErr_Clear();
        return {};
    }
    const auto owned = py::reinterpret_steal<py::object>(bytes);
    return {PyBytes_AS_STRING(bytes), static_cast<std::size_t>(PyBytes_GET_SIZE(bytes))};
#endif
}

// A batch to write to, channels last or first.
MutableBatchView writable(const py::object& object, bool channels_first, const char* name) {
    py::array array = as_array(object, name);
    if (!array.writeable())
        throw py::value_error("`" + std::string(name) +
                              "` must be writable. Received: a read-only array");
    return batch_view(array, static_cast<std::byte*>(array.mutable_data()), channels_first, name);
}

py::tuple in_arrays(const std::vector<FileReport>& reports) {
    const py::ssize_t n = std::ssize(reports);
    py::array_t<bool> made(n);
    py::array_t<std::int64_t> signatures({n, py::ssize_t{2}}), sizes({n, py::ssize_t{2}});
    std::int64_t* signature = signatures.mutable_data();
    std::int64_t* size = sizes.mutable_data();
    for (py::ssize_t i = 0; i < n; ++i) {
        const FileReport& report = reports[static_cast<std::size_t>(i)];
        made.mutable_data()[i] = report.made;
        *signature++ = report.bytes;
        *signature++ = report.modified_ns;
        *size++ = report.size.height;
        *size++ = report.size.width;
    }
    return py::make_tuple(made, signatures, sizes);
}

py::object in_array(const std::vector<FileTimes>& times) {
    if (times.empty()) return py::none();
    const py::ssize_t n = std::ssize(times);
    py::array_t<std::int64_t> array({n, py::ssize_t{5}});
    std::int64_t* to = array.mutable_data();
    for (const FileTimes& file : times)
        for (const std::int64_t value :
             {file.begun, file.read, file.decoded, file.done, file.thread})
            *to++ = value;
    return array;
}

std::vector<NativePath> native_paths(const py::sequence& paths) {
    std::vector<NativePath> native;
    native.reserve(paths.size());
    for (const py::handle path : paths) native.push_back(native_path(path));
    return native;
}

// Bytes that somebody has, which stay where they are as long as this lives.
class Contents {
  public:
    // `None` for all, or a sequence of `None` and of buffers.
    Contents(const py::object& contents, const std::vector<int>& orientations) {
        if (contents.is_none()) return;
        for (const py::handle content : contents.cast<py::sequence>()) {
            FileContent& file = files_.emplace_back();
            if (content.is_none()) continue;
            Py_buffer& view = views_.emplace_back();
            if (PyObject_GetBuffer(content.ptr(), &view, PyBUF_SIMPLE) != 0) {
                views_.pop_back();
                release();
                throw py::error_already_set();
            }
            file.data = {static_cast<const std::byte*>(view.buf),
                         static_cast<std::size_t>(view.len)};
        }
        if (orientations.size() != files_.size()) {
            release();
            throw py::value_error("`orientations` must be one for each of " +
                                  std::to_string(files_.size()) +
                                  " contents. Received: " + std::to_string(orientations.size()));
        }
        for (std::size_t i = 0; i < files_.size(); ++i) files_[i].orientation = orientations[i];
    }
    Contents(const Contents&) = delete;
    Contents& operator=(const Contents&) = delete;
    ~Contents() { release(); }

    std::span<const FileContent> files() const noexcept { return files_; }

  private:
    void release() noexcept {
        for (Py_buffer& view : views_) PyBuffer_Release(&view);
        views_.clear();
    }

    std::vector<FileContent> files_;
    std::deque<Py_buffer> views_;
};

// Makes a batch, and says what became of it: no more than that all is made, if that is enough.
py::tuple made(FileBatchRequest& request, bool timed, bool described) {
    std::vector<FileReport> reports(request.paths.size());
    std::vector<FileTimes> times(timed ? request.paths.size() : 0);
    request.reports = reports;
    request.times = times;
    without_lock(request, [&] { make_files(request); });
    const bool is_whole =
        std::ranges::all_of(reports, [](const FileReport& report) { return report.made; });
    const py::object found =
        is_whole && !described ? py::object(py::none()) : py::object(in_arrays(reports));
    return py::make_tuple(refused_threads(), found, in_array(times));
}

py::tuple bind_make_files(const py::sequence& paths, const FileDecoding& decoding,
                          const py::object& images, const Plan* plan, const py::object& params,
                          const py::object& dst, int threads, bool timed, bool described,
                          const py::object& contents, const std::vector<int>& orientations) {
    if (threads < 0)
        throw py::value_error("`threads` must be at least 0. Received: " + std::to_string(threads));
    const std::vector<NativePath> native = native_paths(paths);
    const Contents held(contents, orientations);

    FileBatchRequest request;
    request.paths = native;
    request.contents = held.files();
    request.decoding = decoding;
    request.threads = threads;
    if (!images.is_none()) request.images = writable(images, false, "images");
    if (plan != nullptr) {
        BatchRequest batch;
        batch.target = writable(dst, plan->options().channels_first, "dst");
        read_tables(py::none(), params, *plan, batch);
        request.plan = plan;
        request.params = batch.params;
        request.target = batch.target;
    }
    return made(request, timed, described);
}

py::tuple bind_make_sized_files(const py::sequence& paths, const FileDecoding& decoding,
                                PlansBySize& plans, const py::object& samples, std::int64_t epoch,
                                std::uint64_t seed, const py::object& dst, bool channels_first,
                                bool timed, const py::object& contents,
                                const std::vector<int>& orientations, const py::object& params) {
    const std::vector<NativePath> native = native_paths(paths);
    const auto n = std::ssize(native);
    const Contents held(contents, orientations);
    FileBatchRequest request;
    request.paths = native;
    request.contents = held.files();
    request.decoding = decoding;
    request.plans = &plans;
    request.key = key_of(seed, epoch);
    request.samples = {table<std::uint64_t>(as_array(samples, "samples"), n, 0, "samples"),
                       native.size()};
    if (!params.is_none())
        request.params = table<double>(as_array(params, "params"), n, plans.params(), "params");
    request.target = writable(dst, channels_first, "dst");
    return made(request, timed, true);
}

}  // namespace

void register_files(py::module_& m) {
    py::class_<FileDecoding>(m, "FileDecoding", "What is made of a file.")
        .def(py::init(&decoding_of), py::kw_only(), py::arg("size"), py::arg("channels"),
             py::arg("interpolation"), py::arg("keep_aspect_ratio"), py::arg("exif_transpose"),
             py::arg("scaled_decode"), py::arg("pillow"), py::arg("max_pixels"));
    py::class_<PlansBySize>(
        m, "PlansBySize",
        "Plans by the size of the images that they are for, of which the `most` "
        "are kept that were used last.")
        .def(py::init<std::int64_t, std::int64_t>(), py::arg("most"), py::arg("params") = 0)
        .def(
            "add",
            [](PlansBySize& plans, const Plan& plan, std::vector<std::int64_t> columns,
               std::vector<double> factors, const Plan* before, const py::dtype& between) {
                SizedPlan sized{plan, std::move(columns), std::move(factors)};
                if (before != nullptr) sized.before = *before;
                const std::optional<DType> dtype = known_dtype(between);
                if (!dtype)
                    throw py::type_error("`between` must be a dtype of images. Received: " +
                                         py::str(between).cast<std::string>());
                sized.between = *dtype;
                plans.add(std::move(sized));
            },
            py::arg("plan"), py::arg("columns") = std::vector<std::int64_t>(),
            py::arg("factors") = std::vector<double>(), py::arg("before") = py::none(),
            py::arg("between") = py::dtype::of<float>(),
            "Adds a plan. The row of an image begins with some of the numbers that were drawn "
            "before sizes were known, each multiplied with a factor. A plan `before` takes all of "
            "these, and is done first, to images of a dtype `between`.");
    m.def("make_sized_files", &bind_make_sized_files, py::arg("paths"), py::arg("decoding"),
          py::arg("plans"), py::arg("samples"), py::arg("epoch"), py::arg("seed"), py::arg("dst"),
          py::kw_only(), py::arg("channels_first"), py::arg("timed") = false,
          py::arg("contents") = py::none(), py::arg("orientations") = std::vector<int>(),
          py::arg("params") = py::none(),
          "Augments files of several sizes into `dst`, with parameters that are drawn for each "
          "sample; `params` was drawn before. Returns what `make_files` does.");
    m.def("make_files", &bind_make_files, py::arg("paths"), py::arg("decoding"),
          py::arg("images") = py::none(), py::arg("plan") = py::none(),
          py::arg("params") = py::none(), py::arg("dst") = py::none(), py::kw_only(),
          py::arg("threads") = 0, py::arg("timed") = false, py::arg("described") = true,
          py::arg("contents") = py::none(), py::arg("orientations") = std::vector<int>(),
          "Decodes files into `images` and augments them into `dst`. Returns how many threads did "
          "not start, and which files have been made, not left, sizes and times of the files, and "
          "heights and widths of the images (None if all have been made, and this need not be "
          "`described`); if `timed`, also for each file when it was begun, read, "
          "decoded and done, in nanoseconds since the call began, and the number of its thread. A "
          "file of which `contents` has the bytes is not read, and turned as `orientations` says.");
}

}  // namespace batchwarp::bindings
