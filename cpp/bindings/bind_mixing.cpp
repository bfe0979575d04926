#include <string>

#include "array.hpp"
#include "batchwarp/mixing.hpp"
#include "gil.hpp"
#include "register.hpp"

namespace batchwarp::bindings {
namespace {

MixingRequest request_of(const py::object& images, const py::object& others,
                         const py::object& partners) {
    py::array to = as_array(images, "images");
    const py::array from = as_array(others, "others");
    if (!to.writeable())
        throw py::value_error("`images` must be writable. Received: a read-only array");
    MixingRequest request;
    request.images = batch_view(to, static_cast<std::byte*>(to.mutable_data()), false, "images");
    request.others = batch_view(from, static_cast<const std::byte*>(from.data()), false, "others");
    const MutableImageView& one = request.images.first;
    const ImageView& other = request.others.first;
    if (one.dtype != other.dtype || one.height != other.height || one.width != other.width ||
        one.channels != other.channels)
        throw py::value_error("`others` must be images like " + describe(to) +
                              ". Received: " + describe(from));
    const auto item = static_cast<std::int64_t>(item_size(one.dtype));
    const auto lies_packed = [item](const auto& view) {
        return view.has_packed_pixels() || view.pixel_stride == item;
    };
    if (!lies_packed(one) || !lies_packed(other) ||
        (one.pixel_stride == item) != (other.pixel_stride == item))
        throw py::value_error(
            "`images` and `others` must have pixels or planes that lie close, both alike. "
            "Received: " +
            describe(to) + " and " + describe(from));
    request.partners =
        table<std::int64_t>(as_array(partners, "partners"), request.images.count, 0, "partners");
    for (std::int64_t i = 0; i < request.images.count; ++i)
        if (request.partners[i] < 0 || request.partners[i] >= request.others.count)
            throw py::value_error("`partners` must be from 0 to below " +
                                  std::to_string(request.others.count) +
                                  ". Received: " + std::to_string(request.partners[i]) +
                                  " at position " + std::to_string(i));
    return request;
}

void bind_add_others(const py::object& images, const py::object& others, const py::object& partners,
                     const py::object& shares) {
    MixingRequest request = request_of(images, others, partners);
    const double* given =
        table<double>(as_array(shares, "shares"), request.images.count, 0, "shares");
    without_lock(request, [&] { add_others(request, given); });
}

void bind_paste_others(const py::object& images, const py::object& others,
                       const py::object& partners, const py::object& rectangles) {
    MixingRequest request = request_of(images, others, partners);
    const auto* given = table<std::int64_t>(as_array(rectangles, "rectangles"),
                                            request.images.count, 4, "rectangles");
    const std::int64_t height = request.images.first.height, width = request.images.first.width;
    for (std::int64_t i = 0; i < request.images.count; ++i) {
        const auto* r = given + 4 * i;
        if (r[0] < 0 || r[0] > r[1] || r[1] > height || r[2] < 0 || r[2] > r[3] || r[3] > width)
            throw py::value_error(
                "`rectangles` must lie within images. Received: another one at "
                "position " +
                std::to_string(i));
    }
    without_lock(request, [&] { paste_others(request, given); });
}

}  // namespace

void register_mixing(py::module_& m) {
    m.def("add_others", &bind_add_others, py::arg("images"), py::arg("others"), py::arg("partners"),
          py::arg("shares"),
          "Mixes images of `images` in place with those of `others`, of which a share is left.");
    m.def("paste_others", &bind_paste_others, py::arg("images"), py::arg("others"),
          py::arg("partners"), py::arg("rectangles"),
          "Pastes a rectangle of one of `others` over each of `images`, in place.");
}

}  // namespace batchwarp::bindings
