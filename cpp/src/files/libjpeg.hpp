// libjpeg-turbo's functions, looked up by name in a library that is loaded at run time.
#pragma once

#include <csetjmp>
#include <cstddef>
#include <cstdio>  // jpeglib.h wants FILE and size_t

#include "jpeglib.h"

#include "jerror.h"

namespace batchwarp {

/// Calls `use(name)` for every function that is called.
#define BATCHWARP_LIBJPEG_FUNCTIONS(use)                                                          \
    use(jpeg_std_error) use(jpeg_CreateDecompress) use(jpeg_destroy_decompress) use(jpeg_mem_src) \
        use(jpeg_read_header) use(jpeg_calc_output_dimensions) use(jpeg_start_decompress)         \
            use(jpeg_read_scanlines) use(jpeg_read_raw_data) use(jpeg_skip_scanlines)             \
                use(jpeg_crop_scanline)

/// A library's functions; `jpeg_` stands before their names there, too.
struct Libjpeg {
#define BATCHWARP_MEMBER(name) decltype(&::name) name = nullptr;  // NOLINT: a declared name
    BATCHWARP_LIBJPEG_FUNCTIONS(BATCHWARP_MEMBER)
#undef BATCHWARP_MEMBER
};

/// The library in use, which is never unloaded; null if there is none.
const Libjpeg* libjpeg() noexcept;

/// A decompressor, whose errors are jumps to `on_error`, and which prints nothing.
///
/// Between `setjmp` and what may jump, there must be no object with a destructor, hence none here:
/// who has called `create` calls `destroy`.
struct Decompressor {
    jpeg_error_mgr errors;
    jpeg_progress_mgr progress;
    std::jmp_buf on_error;
    jpeg_decompress_struct info;

    /// To be called after `setjmp`, as all that follows: it jumps if the library is of another ABI.
    void create(const Libjpeg& library);
    void destroy(const Libjpeg& library) noexcept;
};

}  // namespace batchwarp
