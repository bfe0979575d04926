// A table of levels in registers, by shuffles that pick from 16 entries at a time.

namespace batchwarp {
namespace {

// The table of a channel: 16 entries in every lane of each register.
class LevelTable {
    using W = Words;

  public:
    BATCHWARP_INLINE explicit LevelTable(const uint8_t* entries) {
        for (int k = 0; k < 16; ++k) part_[k] = W::repeat(entries + 16 * k);
    }

    BATCHWARP_INLINE W::Register operator()(W::Register levels) const {
        const auto low = W::bits(levels, W::all(0x0f0f0f0f));
        // Bits 4 to 6, each on top of its byte; what comes from the byte below does not matter.
        const auto bit4 = W::shift_left<3>(levels), bit5 = W::shift_left<2>(levels),
                   bit6 = W::shift_left<1>(levels);
        const auto two = [&](int k) {
            return W::select(bit4, W::shuffle(part_[k + 1], low), W::shuffle(part_[k], low));
        };
        const auto four = [&](int k) { return W::select(bit5, two(k + 2), two(k)); };
        const auto eight = [&](int k) { return W::select(bit6, four(k + 4), four(k)); };
        return W::select(levels, eight(8), eight(0));
    }

  private:
    W::Register part_[16];
};

}  // namespace
}  // namespace batchwarp
