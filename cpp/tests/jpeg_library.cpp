#include "jpeg_library.hpp"

#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "batchwarp/files.hpp"
#include "files/libjpeg.hpp"

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace testing {
namespace {

void* library() {
    static void* const opened = [] {
        const char* path = std::getenv("BATCHWARP_LIBJPEG");
#if defined(_WIN32)
        return reinterpret_cast<void*>(LoadLibraryA(path));
#else
        return dlopen(path, RTLD_NOW | RTLD_LOCAL);
#endif
    }();
    return opened;
}

void* address(const char* name) {
#if defined(_WIN32)
    void* found =
        reinterpret_cast<void*>(GetProcAddress(reinterpret_cast<HMODULE>(library()), name));
#else
    void* found = dlsym(library(), name);
#endif
    if (found == nullptr) throw std::runtime_error(std::string("no function ") + name);
    return found;
}

template <class Function>
Function* function(const char* name, Function* /*for its type*/) {
    return reinterpret_cast<Function*>(address(name));
}

// jpeglib.h declares them; they are called where the library is.
#define BATCHWARP_CALL(name) function(#name, static_cast<decltype(&::name)>(nullptr))

[[noreturn]] void fails(j_common_ptr /*info*/) {
    std::fputs("libjpeg could not write a file\n", stderr);
    std::abort();
}

}  // namespace

bool find_libjpeg() {
    const char* path = std::getenv("BATCHWARP_LIBJPEG");
    if (path == nullptr || *path == '\0') {
        std::puts("left out: BATCHWARP_LIBJPEG does not name a libjpeg-turbo, such as Pillow's");
        return false;
    }
    const std::string reason = batchwarp::use_libjpeg(path);
    if (!reason.empty()) throw std::runtime_error(path + (": " + reason));
    return true;
}

JpegBytes jpeg_file(const JpegKind& kind) {
    jpeg_compress_struct info{};
    jpeg_error_mgr errors;
    info.err = BATCHWARP_CALL(jpeg_std_error)(&errors);
    errors.error_exit = fails;
    BATCHWARP_CALL(jpeg_CreateCompress)(&info, JPEG_LIB_VERSION, sizeof(info));
    unsigned char* memory = nullptr;
    unsigned long size = 0;
    BATCHWARP_CALL(jpeg_mem_dest)(&info, &memory, &size);
    info.image_height = static_cast<unsigned>(kind.height);
    info.image_width = static_cast<unsigned>(kind.width);
    info.input_components = kind.grey ? 1 : 3;
    info.in_color_space = kind.grey ? JCS_GRAYSCALE : JCS_RGB;
    BATCHWARP_CALL(jpeg_set_defaults)(&info);
    BATCHWARP_CALL(jpeg_set_quality)(&info, kind.quality, TRUE);
    if (!kind.grey) {
        info.comp_info[0].h_samp_factor = kind.across;
        info.comp_info[0].v_samp_factor = kind.down;
        info.comp_info[2].h_samp_factor = kind.red_across;
    }
    if (kind.progressive) BATCHWARP_CALL(jpeg_simple_progression)(&info);
    info.restart_interval = kind.restart_interval;
    BATCHWARP_CALL(jpeg_start_compress)(&info, TRUE);
    std::vector<unsigned char> row(static_cast<std::size_t>(kind.width * info.input_components));
    std::uint32_t random = kind.seed * 2654435761U + 1;
    for (int y = 0; y < kind.height; ++y) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            random = random * 1664525U + 1013904223U;
            // Gradients with noise, and some of it beyond black and white once it was quantised.
            const auto x = static_cast<unsigned>(i);
            row[i] = static_cast<unsigned char>((x * 7 + static_cast<unsigned>(y) * (5 + x % 3)) +
                                                (random >> 24) / (random & 0x10000U ? 2 : 16));
        }
        JSAMPROW samples = row.data();
        BATCHWARP_CALL(jpeg_write_scanlines)(&info, &samples, 1);
    }
    BATCHWARP_CALL(jpeg_finish_compress)(&info);
    BATCHWARP_CALL(jpeg_destroy_compress)(&info);
    const auto* bytes = reinterpret_cast<const std::byte*>(memory);
    JpegBytes result(bytes, bytes + size);
    std::free(memory);  // NOLINT: it is the library's, which took it from malloc
    return result;
}

namespace {

struct Plain {
    batchwarp::Decompressor decompressor;
    Decoding result;
    bool done = false;
};

// Nothing here has a destructor, since errors are jumps.
void start(const batchwarp::Libjpeg& jpeg, std::span<const std::byte> file, bool grey, int scale,
           Plain& plain) {
    if (setjmp(plain.decompressor.on_error) != 0) return;  // NOLINT: a C library's exceptions
    plain.decompressor.create(jpeg);
    jpeg_decompress_struct& info = plain.decompressor.info;
    jpeg.jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(file.data()),
                      static_cast<unsigned long>(file.size()));
    jpeg.jpeg_read_header(&info, TRUE);
    info.out_color_space = grey ? JCS_GRAYSCALE : JCS_RGB;
    info.scale_num = static_cast<unsigned>(scale);
    info.scale_denom = 8;
    jpeg.jpeg_start_decompress(&info);
    plain.done = true;
}

void read(const batchwarp::Libjpeg& jpeg, Plain& plain, std::byte* to) {
    plain.done = false;
    if (setjmp(plain.decompressor.on_error) != 0) return;  // NOLINT: a C library's exceptions
    jpeg_decompress_struct& info = plain.decompressor.info;
    while (info.output_scanline < info.output_height) {
        auto* row = reinterpret_cast<JSAMPROW>(
            to + static_cast<std::size_t>(info.output_scanline) * info.output_width *
                     static_cast<unsigned>(info.output_components));
        jpeg.jpeg_read_scanlines(&info, &row, 1);
    }
    plain.done = true;
}

}  // namespace

std::optional<Decoding> decode_plainly(std::span<const std::byte> file, bool grey, int scale) {
    const batchwarp::Libjpeg& jpeg = *batchwarp::libjpeg();
    Plain plain;
    start(jpeg, file, grey, scale, plain);
    if (plain.done) {
        const jpeg_decompress_struct& info = plain.decompressor.info;
        Decoding& result = plain.result;
        result.height = info.output_height;
        result.width = info.output_width;
        result.channels = info.output_components;
        result.pixels.resize(
            static_cast<std::size_t>(result.height * result.width * result.channels));
        read(jpeg, plain, result.pixels.data());
    }
    plain.decompressor.destroy(jpeg);
    if (!plain.done) return {};
    return plain.result;
}

}  // namespace testing
