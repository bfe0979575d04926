// The samples of ordinary JPEG files: of one scan of Huffman codes, as nearly all have.
//
// It is faster than libjpeg: codes and the numbers behind them are found at one look, and several
// blocks are transformed at once. What it reads, it reads into libjpeg's samples, bit for bit. At
// whatever is not as it should be it gives up, for the library to say what becomes of that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "files/huffman_codes.hpp"
#include "files/jpeg_planes.hpp"
#include "files/libjpeg.hpp"
#include "runtime/scratch.hpp"

namespace batchwarp {

class JpegScan {
  public:
    /// After jpeg_read_header and jpeg_calc_output_dimensions; false if the file is of another
    /// kind.
    bool open(const jpeg_decompress_struct& info, std::span<const std::byte> file);

    /// Reads the next row of MCUs, number `index`, into the memory of planes, of those columns that
    /// are wanted; false if it gives up. `is_wanted`: whether anybody looks at it.
    bool read(const JpegPlanes& planes, std::int64_t index, bool is_wanted);

    /// Gives memory back that large files have needed.
    void let_go() noexcept { bytes_.keep_at_most(std::int64_t{4} << 20); }

    /// The one of this thread.
    static JpegScan& of_this_thread();

  private:
    static constexpr int blocks_most = 10;  // in an MCU
    static constexpr int frequencies = DCTSIZE2;
    // Places for the codes that end blocks, and for those that would go on behind.
    static constexpr int places = HuffmanCodes::no_more + frequencies;
    static constexpr std::int64_t chunk = 8;  // MCUs that are transformed together

    struct Step {
        std::int32_t factor, place;
    };
    struct Component {
        int number = 0;  // of the plane
        int across = 1, down = 1;
        HuffmanCodes mean, others;
        Step step[places] = {};          // of quantisation, in the order of the file
        int last = 0;                    // mean
        std::int16_t* memory = nullptr;  // of a chunk
        std::int64_t row = 0;            // numbers of a row of blocks in it
    };

    bool describe(const jpeg_decompress_struct& info, int i);
    void unstuff(std::span<const std::byte> coded);
    bool read_block(Component& component, std::int16_t* to);
    bool read_mcu(std::int64_t place);
    bool transform(const JpegPlanes& planes, std::int64_t index, std::int64_t first,
                   std::int64_t count);

    Component components_[3];
    std::int64_t mcus_ = 0, columns_ = 0;  // in a row; of each
    Buffer<std::uint8_t> bytes_;
    Buffer<std::int16_t> memory_;
    std::int64_t size_ = 0;  // of the memory, in numbers
    BitReader bits_;
    const std::uint8_t* end_ = nullptr;  // of what the file has
    // Of frequencies in the order of the file, where they are in memory of several blocks, whose
    // rows lie side by side; what is behind the last one is dropped.
    std::int16_t place_[places] = {};
    int side_by_side_ = 0;
};

}  // namespace batchwarp
