// Some pixels of a JPEG file, made of its planes: of all pixels only the samples are made, by the
// library or by `JpegScan`, and what comes after, scaling the chroma up and turning Y'CbCr into
// RGB, is done for those alone that are wanted, in the library's integers.
#pragma once

#include <cstdint>
#include <span>

#include "files/jpeg_decoder.hpp"
#include "files/libjpeg.hpp"

namespace batchwarp {

/// How the samples of one component become a row of as many as the image has columns.
struct JpegPlane {
    enum class Scaling : std::uint8_t { none, replicated, across, down, both };

    Scaling scaling = Scaling::none;  ///< the last three interpolate, by 2
    int times_across = 1, times_down = 1;
    std::int64_t height = 0, width = 0;  ///< samples that are not filling
    std::int64_t rows = 0, stride = 0;   ///< of a row of MCUs
    JSAMPLE* samples = nullptr;          ///< of two rows of MCUs, the even and the odd ones

    JSAMPLE* row(std::int64_t y) const noexcept {
        return samples + (y / rows % 2 * rows + y % rows) * stride;
    }
};

struct JpegPlanes {
    JpegPlane planes[3];
    std::int64_t height = 0;           ///< of the image
    std::int64_t lines = 0;            ///< of the image in a row of MCUs
    bool needs_below = false;          ///< whether a line is made of samples of the next one, too
    std::int64_t left = 0, right = 0;  ///< columns of the image that are wanted, and those between
    JSAMPLE* expanded[3] = {};         ///< memory for a row of each component; starts at column 0
    std::int16_t* sums = nullptr;      ///< memory for a row of samples, and one more at either end
    JSAMPLE* pixels = nullptr;         ///< memory for a row of pixels of four bytes
};

/// Says how planes become the image, after jpeg_calc_output_dimensions and before memory is given;
/// false if they would not by what is here.
bool describe(const jpeg_decompress_struct& info, JpegPlanes& planes) noexcept;

/// Bytes of memory that is wanted.
std::int64_t memory_of(const JpegPlanes& planes) noexcept;

/// @param memory  of as many bytes, aligned to two of them; it must live on
void place(JpegPlanes& planes, std::byte* memory) noexcept;

/// Makes the pixels that are wanted, those of a window in planes, after jpeg_start_decompress with
/// `raw_data_out`. It jumps, as the library does, and has no objects with destructors.
void read_planes(const Libjpeg& library, jpeg_decompress_struct& info, const DecodeJob& job,
                 const JpegPlanes& planes);

class JpegScan;

/// The same of a scan that is open; false if that gives up, and the target holds anything.
bool read_planes(JpegScan& scan, const DecodeJob& job, const JpegPlanes& planes);

}  // namespace batchwarp
