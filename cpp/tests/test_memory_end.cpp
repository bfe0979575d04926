// Images of bytes that end where memory ends: kernels that read them where they lie read no byte
// behind, whatever their vectors hold. AddressSanitizer says the same of other tests; here the
// processor does, on every architecture that tests run on.
#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "batchwarp/cpu.hpp"
#include "fill_modes.hpp"
#include "pixels.hpp"
#include "simd/kernels.hpp"
#include "testing.hpp"
#include "warp/warp.hpp"
#include "warp/warp_kernels.hpp"

using namespace batchwarp;

namespace {

// Some bytes, and right behind them a page that cannot be read.
class LastBytes {
  public:
    explicit LastBytes(std::size_t count)
        : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))),
          whole_((count + page_ - 1) / page_ * page_) {
        void* const memory = mmap(nullptr, whole_ + page_, PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(memory != MAP_FAILED);
        memory_ = static_cast<std::byte*>(memory);
        CHECK(mprotect(memory_ + whole_, page_, PROT_NONE) == 0);
        first_ = memory_ + whole_ - count;
    }
    LastBytes(const LastBytes&) = delete;
    LastBytes& operator=(const LastBytes&) = delete;
    ~LastBytes() { munmap(memory_, whole_ + page_); }

    std::byte* first() const noexcept { return first_; }
    std::byte* end() const noexcept { return memory_ + whole_; }

  private:
    std::size_t page_, whole_;
    std::byte* memory_ = nullptr;
    std::byte* first_ = nullptr;
};

ImageView image_at(const std::byte* data, DType dtype, std::int64_t height, std::int64_t width,
                   std::int64_t channels) {
    const auto item = static_cast<std::int64_t>(item_size(dtype));
    ImageView image{};
    image.data = data;
    image.dtype = dtype;
    image.height = height;
    image.width = width;
    image.channels = channels;
    image.channel_stride = item;
    image.pixel_stride = channels * item;
    image.row_stride = width * image.pixel_stride;
    return image;
}

// Turned about the middle, so that every corner is read.
WarpGeometry turned(std::int64_t height, std::int64_t width, int order, FillMode mode,
                    double angle) {
    WarpGeometry g;
    g.height = height;
    g.width = width;
    g.order = order;
    g.border = border_rule(mode);
    g.cval = 17;
    const double r = static_cast<double>(height - 1) / 2, c = static_cast<double>(width - 1) / 2;
    const double cosine = std::cos(angle), sine = std::sin(angle);
    g.affine = {cosine, -sine, sine, cosine, r - cosine * r + sine * c, c - sine * r - cosine * c};
    return g;
}

std::vector<float> warped(const ImageView& image, const std::byte* memory_end,
                          const WarpGeometry& g) {
    std::vector<float> out(static_cast<std::size_t>(g.height * g.width * image.channels));
    warp_samples({image, memory_end, nullptr}, g, {out.data(), 0, g.height, nullptr, nullptr});
    return out;
}

}  // namespace

TEST(bytes_are_read_to_the_last_one_and_not_beyond) {
    std::mt19937 random(3);
    for (const auto& [height, width] : {std::pair<std::int64_t, std::int64_t>{2, 2},
                                        {2, 9},
                                        {3, 5},
                                        {17, 31},
                                        {28, 28},
                                        {61, 67},
                                        {129, 131},
                                        {130, 533}})
        for (const std::int64_t channels : {1, 2, 3, 4, 5})
            for (const FillMode mode : testing::all_modes)
                for (const int order : {0, 1}) {
                    if (!testing::sampled()) continue;
                    const auto count = static_cast<std::size_t>(height * width * channels);
                    const LastBytes bytes(count);
                    std::vector<float> floats(count + warp_read_slack / sizeof(float));
                    for (std::size_t i = 0; i < count; ++i) {
                        const auto value = static_cast<unsigned char>(random() & 255U);
                        bytes.first()[i] = std::byte{value};
                        floats[i] = static_cast<float>(value);
                    }
                    const ImageView image =
                        image_at(bytes.first(), DType::u8, height, width, channels);
                    const auto* const start = reinterpret_cast<const std::byte*>(floats.data());
                    const ImageView same = image_at(start, DType::f32, height, width, channels);
                    const double angle = mode == FillMode::nearest ? 0 : 0.3;
                    const WarpGeometry g = turned(height, width, order, mode, angle);
                    for (const std::string& tier : available_tiers()) {
                        select_tier(tier);
                        const std::byte* const end = start + floats.size() * sizeof(float);
                        CHECK(warped(image, bytes.end(), g) == warped(same, end, g));
                    }
                }
}

// Or else what is above would say nothing of the kernels that do.
TEST(tiers_that_read_bytes_have_kernels_for_all_kinds_of_images) {
    for (const std::string& tier : available_tiers()) {
        select_tier(tier);
        const KernelTable& table = kernels();
#if defined(__aarch64__)
        const bool reads = true;
#else
        const bool reads = tier != "baseline";
#endif
        CHECK((table.linear_c1_bytes != nullptr) == reads);
        CHECK((table.linear_c3_bytes != nullptr) == reads);
        CHECK((table.linear_c4_bytes != nullptr) == reads);
        CHECK((table.linear_byte_pairs != nullptr) == reads);
        CHECK((table.pair_bytes != nullptr) == reads);
    }
}

int main() { return testing::run_all(); }
