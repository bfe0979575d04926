#include "files/jpeg_decoder.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <numeric>
#include <string>
#include <vector>

#include "batchwarp/errors.hpp"
#include "files/jpeg_planes.hpp"
#include "files/jpeg_scan.hpp"
#include "files/libjpeg.hpp"
#include "runtime/scratch.hpp"

namespace batchwarp {
namespace {

enum class Way : std::uint8_t {
    rows,    ///< scanlines of the whole width, from the first one on
    parts,   ///< scanlines of some columns of MCUs, without the rows of MCUs that nobody wants
    planes,  ///< the samples of all components
};

struct Session {
    Session(const Libjpeg& functions, const DecodeJob& what) : library(functions), job(what) {}
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() { decompressor.destroy(library); }

    const Libjpeg& library;
    const DecodeJob& job;
    Decompressor decompressor;
    Way way = Way::rows;
    JpegPlanes planes;
    std::int64_t left = 0;     // column of the image that a scanline begins with
    std::byte* row = nullptr;  // memory for a scanline
};

enum class Outcome : std::uint8_t { done, left, no_memory };

// Runs a step, a function of the session that returns whether to go on. Errors of the library are
// jumps out of it: in the steps there is no object with a destructor.
Outcome run(Session& session, bool (*step)(Session&)) {
    if (setjmp(session.decompressor.on_error) != 0)  // NOLINT: a C library's exceptions
        return session.decompressor.errors.msg_code == JERR_OUT_OF_MEMORY ? Outcome::no_memory
                                                                          : Outcome::left;
    return step(session) ? Outcome::done : Outcome::left;
}

Size size_of(JDIMENSION height, JDIMENSION width) { return {height, width}; }

// Rows of MCUs in which there is something to be made.
std::int64_t wanted_rows_of_mcus(const DecodeJob& job, std::int64_t lines) {
    if (!job.picks())
        return (job.wanted.window.bottom - 1) / lines - job.wanted.window.top / lines + 1;
    std::int64_t count = 0, last = -1;
    for (const std::int64_t i : job.order) {
        const std::int64_t index = job.row_of(i) / lines;
        count += index != last;
        last = index;
    }
    return count;
}

// In units of what transforming all blocks takes, scaling up and converting all pixels takes as
// long again; decoding Huffman's codes, which always has to be done, twice as long.
Way best_way(const Session& session) {
    const jpeg_decompress_struct& info = session.decompressor.info;
    const DecodeJob& job = session.job;
    const Box& window = job.wanted.window;
    const auto height = static_cast<double>(info.output_height);
    const std::int64_t lines = info.max_v_samp_factor * info.min_DCT_scaled_size;
    const double columns = static_cast<double>(window.width()) / info.output_width;
    const double rows = static_cast<double>(wanted_rows_of_mcus(job, lines) * lines) / height;
    const double parts = 2 * std::min(columns * rows, 1.0);
    if (job.picks() || job.is_planar()) {
        const double made =
            static_cast<double>(job.target.height * window.width()) / (height * info.output_width);
        const double planes = static_cast<double>(window.bottom) / height + 0.4 * made + 0.1;
        JpegPlanes trial;
        if (planes < parts && describe(info, trial)) return Way::planes;
    }
    return columns * rows < 0.9 ? Way::parts : Way::rows;
}

// Reads the markers; false if the library reads them in another way than we did.
bool open(Session& session) {
    const DecodeJob& job = session.job;
    session.decompressor.create(session.library);
    jpeg_decompress_struct& info = session.decompressor.info;
    session.library.jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(job.file.data()),
                                 static_cast<unsigned long>(job.file.size()));
    session.library.jpeg_read_header(&info, TRUE);
    if (size_of(info.image_height, info.image_width) != Size{job.header.height, job.header.width} ||
        info.num_components != job.header.components)
        return false;
    info.out_color_space = job.wanted.grey ? JCS_GRAYSCALE : JCS_RGB;
    info.scale_num = static_cast<unsigned>(job.wanted.scale);
    info.scale_denom = DCTSIZE;
    session.library.jpeg_calc_output_dimensions(&info);
    if (size_of(info.output_height, info.output_width) !=
            scaled_size(job.header, job.wanted.scale) ||
        info.output_components != static_cast<int>(job.target.channels))
        return false;
    session.way = best_way(session);
    if (session.way == Way::planes) describe(info, session.planes);
    return true;
}

// Whether the library invents coefficients that a progressive file lacks, which it does with a look
// at the blocks around.
bool is_incomplete(const jpeg_decompress_struct& info) {
    if (info.progressive_mode == FALSE || info.coef_bits == nullptr) return false;
    for (int i = 0; i < info.num_components; ++i)
        for (const int bits : std::span(info.coef_bits[i]))
            if (bits != 0) return true;
    return false;
}

// Leaves out columns of MCUs. A pixel depends on samples of its neighbours, and the library takes
// the edges of what it makes for those of the image.
void crop(Session& session) {
    jpeg_decompress_struct& info = session.decompressor.info;
    constexpr std::int64_t least = 64;  // what is narrow is scaled up in other ways
    const Box& window = session.job.wanted.window;
    const auto width = static_cast<std::int64_t>(info.output_width);
    const std::int64_t right = std::min(std::max(window.right + 2, least), width);
    const std::int64_t left = std::max<std::int64_t>(std::min(window.left - 1, right - least), 0);
    if (10 * (right - left) > 9 * width) return;
    auto offset = static_cast<JDIMENSION>(left), columns = static_cast<JDIMENSION>(right - left);
    session.library.jpeg_crop_scanline(&info, &offset, &columns);
    session.left = offset;
}

bool start(Session& session) {
    jpeg_decompress_struct& info = session.decompressor.info;
    info.raw_data_out = session.way == Way::planes ? TRUE : FALSE;
    session.library.jpeg_start_decompress(&info);
    if (session.way == Way::parts && is_incomplete(info)) session.way = Way::rows;
    if (session.way == Way::parts) crop(session);
    return true;
}

// Goes on to a line, and reads it.
void read_line(Session& session, std::int64_t y, std::byte* to) {
    jpeg_decompress_struct& info = session.decompressor.info;
    auto* samples = reinterpret_cast<JSAMPROW>(to);
    const auto line = static_cast<JDIMENSION>(y);
    const auto lines = static_cast<JDIMENSION>(info.max_v_samp_factor * info.min_DCT_scaled_size);
    if (session.way == Way::parts && line >= info.output_scanline + 2 * lines)
        session.library.jpeg_skip_scanlines(&info, line - info.output_scanline);
    while (info.output_scanline <= line) session.library.jpeg_read_scanlines(&info, &samples, 1);
}

// The library writes what is aligned to its vectors past the caches, and whoever has an image
// decoded reads it next: with the resize that follows, 512 x 384 pixels take a sixth longer then.
// Images that no cache holds take a tenth less.
bool is_lost_to_caches(const std::byte* row, const MutableImageView& image) {
    constexpr std::int64_t cache = 4 << 20;
    return reinterpret_cast<std::uintptr_t>(row) % 16 == 0 &&
           image.height * image.width * image.channels < cache;
}

void to_planes(const std::byte* pixels, const MutableImageView& to, std::int64_t row) {
    for (std::int64_t c = 0; c < to.channels; ++c) {
        std::byte* const plane = to.at(row, 0, c);
        for (std::int64_t x = 0; x < to.width; ++x) plane[x] = pixels[x * to.channels + c];
    }
}

void read_window(Session& session) {
    const DecodeJob& job = session.job;
    const Box& window = job.wanted.window;
    const std::int64_t channels = job.target.channels;
    const auto bytes = static_cast<std::size_t>(window.width() * channels);
    const std::byte* const from = session.row + (window.left - session.left) * channels;
    const bool whole =
        window.width() == static_cast<std::int64_t>(session.decompressor.info.output_width);
    if (job.is_planar()) {
        for (std::int64_t y = window.top; y < window.bottom; ++y) {
            read_line(session, y, session.row);
            to_planes(from, job.target, y - window.top);
        }
        return;
    }
    for (std::int64_t y = window.top; y < window.bottom; ++y) {
        std::byte* const to = job.target.at(y - window.top, 0, 0);
        const bool at_once = whole && !is_lost_to_caches(to, job.target);
        read_line(session, y, at_once ? to : session.row);
        if (!at_once) std::memcpy(to, from, bytes);
    }
}

template <int channels>
void pick_columns(const std::byte* row, std::span<const std::int64_t> columns, std::byte* to) {
    for (const std::int64_t column : columns) {
        std::memcpy(to, row + column * channels, channels);
        to += channels;
    }
}

void read_picked(Session& session) {
    const DecodeJob& job = session.job;
    const auto pick = job.target.channels == 1 ? pick_columns<1> : pick_columns<3>;
    const auto bytes = static_cast<std::size_t>(job.target.width * job.target.channels);
    // Columns are those of the image.
    const std::byte* const row = session.row - session.left * job.target.channels;
    std::int64_t y = -1, made = 0;
    for (const std::int64_t i : job.order) {
        std::byte* const to = job.target.at(i, 0, 0);
        const std::int64_t wanted = job.row_of(i);
        if (wanted == y) {
            std::memcpy(to, job.target.at(made, 0, 0), bytes);
            continue;
        }
        y = wanted;
        made = i;
        read_line(session, y, session.row);
        pick(row, job.wanted.columns, to);
    }
}

// It ends with the last row that is wanted. In an ordinary file nothing follows that would be an
// error: coded data, of which libjpeg forgives everything, and the end of the image.
bool read(Session& session) {
    if (session.way == Way::planes)
        read_planes(session.library, session.decompressor.info, session.job, session.planes);
    else if (session.job.picks())
        read_picked(session);
    else
        read_window(session);
    return true;
}

// ---- From here on there are destructors. ----

// Memory of this thread, which grows to the largest image.
Buffer<std::byte>& memory_of_thread() {
    static thread_local Buffer<std::byte> memory;
    return memory;
}

// Whether the pixels are made, without the library, which has read the markers.
bool is_scanned(const Session& session) {
    const DecodeJob& job = session.job;
    const jpeg_decompress_struct& info = session.decompressor.info;
    JpegPlanes planes;
    JpegScan& scan = JpegScan::of_this_thread();
    if (!describe(info, planes) || !scan.open(info, job.file)) return false;
    planes.left = job.wanted.window.left;
    planes.right = job.wanted.window.right;
    place(planes, memory_of_thread().reserve(memory_of(planes)));
    const bool made = read_planes(scan, job, planes);
    scan.let_go();
    return made;
}

bool all_within(std::span<const std::int64_t> values, std::int64_t end) {
    return std::all_of(values.begin(), values.end(),
                       [end](std::int64_t value) { return value >= 0 && value < end; });
}

void check(const DecodeJob& job) {
    const JpegPixels& wanted = job.wanted;
    if (wanted.scale < 1 || wanted.scale > 16)
        throw InvalidArgument("`scale` must be from 1 to 16. Received: " +
                              std::to_string(wanted.scale));
    if (wanted.rows.empty() != wanted.columns.empty())
        throw InvalidArgument(
            "`rows` and `columns` must be given together. Received: only one of them");
    const Size size = scaled_size(job.header, wanted.scale);
    const Box& window = wanted.window;
    if (!all_within(wanted.rows, size.height) || !all_within(wanted.columns, size.width) ||
        window.left < 0 || window.top < 0 || window.right > size.width ||
        window.bottom > size.height || window.width() <= 0 || window.height() <= 0)
        throw InvalidArgument("pixels of a JPEG file must lie within its image of " +
                              std::to_string(size.height) + " x " + std::to_string(size.width) +
                              " pixels. Received: others");
    const std::int64_t height = job.picks() ? std::ssize(wanted.rows) : window.height();
    const std::int64_t width = job.picks() ? std::ssize(wanted.columns) : window.width();
    const MutableImageView& target = job.target;
    const bool is_planar = !job.picks() && target.pixel_stride == 1 && target.channel_stride != 1;
    if (target.dtype != DType::u8 || target.channels != (wanted.grey ? 1 : 3) ||
        target.height != height || target.width != width ||
        (!target.has_packed_pixels() && !is_planar))
        throw InvalidArgument("the target of a JPEG file must be uint8 of shape (" +
                              std::to_string(height) + ", " + std::to_string(width) +
                              (wanted.grey ? ", 1)" : ", 3)") +
                              ", the pixels or the planes of a row without gaps. Received: "
                              "another");
}

std::vector<std::int64_t> from_top_to_bottom(std::span<const std::int64_t> rows) {
    std::vector<std::int64_t> order(rows.size());
    std::iota(order.begin(), order.end(), 0);
    if (!std::is_sorted(rows.begin(), rows.end()))
        std::sort(order.begin(), order.end(), [rows](std::int64_t a, std::int64_t b) {
            return rows[static_cast<std::size_t>(a)] < rows[static_cast<std::size_t>(b)];
        });
    return order;
}

}  // namespace

Size scaled_size(const JpegHeader& header, int scale) noexcept {
    const auto scaled = [scale](std::int64_t extent) { return (extent * scale + 7) / 8; };
    return {scaled(header.height), scaled(header.width)};
}

int covering_scale(Size part, Size target) noexcept {
    for (const int scale : {1, 2, 4})
        if (part.height * scale >= target.height * 8 && part.width * scale >= target.width * 8)
            return scale;
    return 8;
}

Decoded decode_jpeg(std::span<const std::byte> file, const JpegHeader& header,
                    const JpegPixels& wanted, const MutableImageView& target) {
    const Libjpeg* const library = libjpeg();
    if (library == nullptr || (wanted.grey && header.components != 1)) return Decoded::left;
    DecodeJob job{file, header, wanted, target, {}};
    const Size size = scaled_size(header, wanted.scale);
    if (wanted.window == Box{}) job.wanted.window = {0, 0, size.width, size.height};
    check(job);
    std::vector<std::int64_t> order;
    if (job.picks()) {
        order = from_top_to_bottom(wanted.rows);
        job.order = order;
        const auto [left, right] =
            std::minmax_element(wanted.columns.begin(), wanted.columns.end());
        job.wanted.window = {*left, job.row_of(order.front()), *right + 1,
                             job.row_of(order.back()) + 1};
    }
    Session session(*library, job);
    Outcome outcome = run(session, open);
    if (outcome == Outcome::done && is_scanned(session)) return Decoded::done;
    if (outcome == Outcome::done) {
        Buffer<std::byte>& memory = memory_of_thread();
        if (session.way == Way::planes) {
            session.planes.left = job.wanted.window.left;
            session.planes.right = job.wanted.window.right;
            place(session.planes, memory.reserve(memory_of(session.planes)));
        } else {
            session.row = memory.reserve(size.width * target.channels + 1) + 1;  // not aligned
        }
        for (const auto step : {start, read})
            if (outcome == Outcome::done) outcome = run(session, step);
    }
    if (outcome == Outcome::no_memory) throw std::bad_alloc();
    return outcome == Outcome::done ? Decoded::done : Decoded::left;
}

}  // namespace batchwarp
