#include "files/jpeg_scan.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "simd/kernels.hpp"

namespace batchwarp {
namespace {

// Zeros behind the codes, of which an MCU cannot read more.
constexpr std::int64_t slack = 4096;
// The sum of the absolute frequencies of a block up to which sums of transforms fit into 16 bits,
// so that all versions of them agree.
constexpr std::int32_t most_in_block = 5800;
// Of what numbers are multiplied by and of a mean, so that neither products nor their sums
// overflow.
constexpr int most_of_step = 8191, most_of_mean = 32767;

constexpr std::uint8_t zigzag[DCTSIZE2] = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
    41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
    30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

bool is_plain(const jpeg_decompress_struct& info) noexcept {
    return info.progressive_mode == FALSE && info.arith_code == FALSE && info.data_precision == 8 &&
           info.num_components == 3 && info.comps_in_scan == 3 && info.restart_interval == 0 &&
           info.min_DCT_scaled_size == DCTSIZE && info.dct_method == JDCT_ISLOW && info.Ss == 0 &&
           info.Se == DCTSIZE2 - 1 && info.Ah == 0 && info.Al == 0;
}

// A reader of which nobody has the address, so that it is in registers. What is left of 56 bits
// after one code is enough for another one.
class Codes {
  public:
    explicit Codes(const BitReader& from) noexcept
        : bits_(from.bits), count_(from.count), next_(from.next) {}
    BitReader reader() const noexcept { return {bits_, count_, next_}; }

    /// Makes sure of 56 bits. Eight bytes are read.
    void fill() noexcept {
        bits_ |= BitReader::eight_bytes(next_) >> count_;
        next_ += (63 - count_) >> 3;
        count_ |= 56;
    }

    /// A number and the step to its place; false if the bits are no code.
    bool take(const HuffmanCodes& codes, std::uint32_t& step, std::int32_t& number) noexcept {
        const HuffmanCodes::Found found = codes.at(bits_);
        if ((found & HuffmanCodes::is_part) != 0) [[unlikely]] {
            BitReader from = reader();
            const std::uint64_t made = codes.complete(found, from);
            if (made == HuffmanCodes::none) return false;
            bits_ = from.bits;
            count_ = from.count;
            step = static_cast<std::uint32_t>(made >> 32);
            number = static_cast<std::int32_t>(made);
            return true;
        }
        bits_ <<= found & 63;
        count_ -= static_cast<int>(found & 63);
        step = found >> 8 & 255;
        number = static_cast<std::int32_t>(found) >> 16;
        return true;
    }

  private:
    std::uint64_t bits_;
    int count_;
    const std::uint8_t* next_;
};

}  // namespace

JpegScan& JpegScan::of_this_thread() {
    static thread_local JpegScan scan;
    return scan;
}

bool JpegScan::describe(const jpeg_decompress_struct& info, int i) {
    const jpeg_component_info& from = *info.cur_comp_info[i];
    Component& to = components_[i];
    to.number = from.component_index;
    to.across = from.h_samp_factor;
    to.down = from.v_samp_factor;
    to.last = 0;
    if (from.DCT_scaled_size != DCTSIZE || from.quant_tbl_no < 0 ||
        from.quant_tbl_no >= NUM_QUANT_TBLS || from.dc_tbl_no < 0 ||
        from.dc_tbl_no >= NUM_HUFF_TBLS || from.ac_tbl_no < 0 || from.ac_tbl_no >= NUM_HUFF_TBLS)
        return false;
    const JQUANT_TBL* const steps = info.quant_tbl_ptrs[from.quant_tbl_no];
    if (steps == nullptr) return false;
    for (int k = frequencies; k < places; ++k) to.step[k] = {0, place_[k]};
    for (int k = 0; k < frequencies; ++k) {
        if (steps->quantval[zigzag[k]] > most_of_step) return false;
        to.step[k] = {steps->quantval[zigzag[k]], place_[k]};
    }
    return to.mean.assign(info.dc_huff_tbl_ptrs[from.dc_tbl_no], HuffmanCodes::Kind::mean) &&
           to.others.assign(info.ac_huff_tbl_ptrs[from.ac_tbl_no], HuffmanCodes::Kind::others);
}

bool JpegScan::open(const jpeg_decompress_struct& info, std::span<const std::byte> file) {
    if (!is_plain(info)) return false;
    const auto* const next = reinterpret_cast<const std::byte*>(info.src->next_input_byte);
    if (next < file.data() || next > file.data() + file.size()) return false;
    const std::int64_t together = kernels().jpeg_side_by_side;
    if (side_by_side_ != together) {
        side_by_side_ = static_cast<int>(together);
        std::ranges::fill(place_, static_cast<std::int16_t>(frequencies * together));
        for (int k = 0; k < frequencies; ++k)
            place_[k] = static_cast<std::int16_t>(zigzag[k] / DCTSIZE * DCTSIZE * together +
                                                  zigzag[k] % DCTSIZE);
    }
    int blocks = 0;
    for (int i = 0; i < 3; ++i) {
        if (!describe(info, i)) return false;
        blocks += components_[i].across * components_[i].down;
    }
    if (blocks > blocks_most) return false;
    columns_ = std::int64_t{info.max_h_samp_factor} * DCTSIZE;
    mcus_ = (info.image_width + columns_ - 1) / columns_;

    // What is dropped goes where a later register begins, which is to be read yet, or behind a row.
    constexpr std::int64_t behind = jpeg_tile;
    size_ = chunk * blocks * frequencies;
    for (const Component& component : components_) size_ += component.down * behind;
    std::int16_t* memory = memory_.reserve(size_);
    std::fill_n(memory, size_, std::int16_t{0});
    for (Component& component : components_) {
        component.memory = memory;
        component.row = chunk * component.across * frequencies + behind;
        memory += component.row * component.down;
    }
    unstuff(file.subspan(static_cast<std::size_t>(next - file.data())));
    return true;
}

// Copies coded bytes up to the marker that ends them, without the zeros behind those that look like
// the beginning of one.
void JpegScan::unstuff(std::span<const std::byte> coded) {
    const auto* from = reinterpret_cast<const std::uint8_t*>(coded.data());
    const std::uint8_t* const last = from + coded.size();
    std::uint8_t* const bytes = bytes_.reserve(std::ssize(coded) + slack);
    std::uint8_t* to = bytes;
    while (from < last) {
        const auto left = static_cast<std::size_t>(last - from);
        const auto* found = static_cast<const std::uint8_t*>(std::memchr(from, 0xFF, left));
        const bool is_stuffed = found != nullptr && found + 1 < last && found[1] == 0;
        const std::uint8_t* const until = found == nullptr ? last : found + (is_stuffed ? 1 : 0);
        std::memcpy(to, from, static_cast<std::size_t>(until - from));
        to += until - from;
        if (!is_stuffed) break;
        from = until + 1;
    }
    std::memset(to, 0, slack);
    end_ = to;
    bits_ = {0, 0, bytes};
}

bool JpegScan::read_block(Component& component, std::int16_t* to) {
    Codes codes(bits_);
    codes.fill();
    std::int32_t number = 0;
    std::uint32_t by = 0;
    if (!codes.take(component.mean, by, number)) return false;
    component.last += number;
    if (std::abs(component.last) > most_of_mean) return false;
    std::int32_t value = component.last * component.step[0].factor, sum = std::abs(value);
    to[0] = static_cast<std::int16_t>(value);
    const Step* step = component.step;
    const Step* const last = step + frequencies - 1;
    const auto one = [&] {
        if (!codes.take(component.others, by, number)) return false;
        step += by;
        value = number * step->factor;
        sum += std::abs(value);
        to[step->place] = static_cast<std::int16_t>(value);
        return true;
    };
    do {
        codes.fill();
        if (!one()) return false;
        if (step >= last) break;
        if (!one()) return false;
    } while (step < last);
    bits_ = codes.reader();
    // Those that end a block behind its end are wrong, as are blocks that libjpeg's versions of a
    // transform would make different samples of.
    return (step <= last || step >= component.step + HuffmanCodes::no_more) && sum <= most_in_block;
}

bool JpegScan::read_mcu(std::int64_t place) {
    for (Component& component : components_)
        for (int y = 0; y < component.down; ++y)
            for (int x = 0; x < component.across; ++x) {
                const std::int64_t block = place * component.across + x;
                std::int16_t* const group = component.memory + y * component.row +
                                            block / side_by_side_ * side_by_side_ * frequencies;
                if (!read_block(component, group + block % side_by_side_ * DCTSIZE)) return false;
            }
    return (bits_.next - end_) * 8 <= bits_.count;
}

// Of a chunk, which is whole registers but for what lies behind an image.
bool JpegScan::transform(const JpegPlanes& planes, std::int64_t index, std::int64_t first,
                         std::int64_t count) {
    bool fits = true;
    for (const Component& component : components_) {
        const JpegPlane& plane = planes.planes[component.number];
        const std::int64_t blocks = count * component.across;
        const std::int64_t registers = (blocks + side_by_side_ - 1) / side_by_side_;
        for (std::int64_t y = 0; y < component.down; ++y) {
            JSAMPLE* const to =
                plane.row(index * plane.rows + y * DCTSIZE) + first * component.across * DCTSIZE;
            fits = kernels().jpeg_samples(component.memory + y * component.row, registers, to,
                                          plane.stride) &&
                   fits;
        }
    }
    return fits;
}

bool JpegScan::read(const JpegPlanes& planes, std::int64_t index, bool is_wanted) {
    for (std::int64_t first = 0; first < mcus_; first += chunk) {
        const std::int64_t count = std::min(chunk, mcus_ - first);
        for (std::int64_t i = 0; i < count; ++i)
            if (!read_mcu(i)) return false;
        // A pixel takes samples of its neighbours, too.
        constexpr std::int64_t near = 4;
        const bool is_seen = is_wanted && first * columns_ < planes.right + near &&
                             (first + count) * columns_ + near > planes.left;
        if (!is_seen)
            std::fill_n(memory_.reserve(size_), size_, std::int16_t{0});
        else if (!transform(planes, index, first, count))
            return false;
    }
    return true;
}

}  // namespace batchwarp
