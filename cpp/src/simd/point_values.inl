// What becomes of a row of bytes of one channel that order 0 has picked, where values are made of
// them.

namespace batchwarp {
namespace {

class PointValues {
  public:
    explicit PointValues(const PointBytesJob& job)
        : count_(job.place.target_width),
          to_(job.to_values ? job.place.target : nullptr),
          normalizes_(job.place.shift != nullptr),
          shift_(normalizes_ ? *job.place.shift : 0.0f),
          scale_(normalizes_ ? *job.place.scale : 1.0f) {}

    // Fetches what the next row is written to.
    BATCHWARP_INLINE void fetch() const {
        if (to_ == nullptr) return;
        const char* next = reinterpret_cast<const char*>(to_ + count_);
        const int64_t bytes = count_ * int64_t{sizeof(float)};
        for (int64_t b = 0; b < bytes; b += 64) BATCHWARP_PREFETCH_WRITE(next + b);
    }

    // Makes the next row.
    BATCHWARP_INLINE void make(const uint8_t* __restrict from) {
        if (to_ == nullptr) return;
        float* __restrict to = to_;
        const float shift = shift_, scale = scale_;
        if (normalizes_)
            for (int64_t i = 0; i < count_; ++i)
                to[i] = (static_cast<float>(from[i]) - shift) * scale;
        else
            for (int64_t i = 0; i < count_; ++i) to[i] = static_cast<float>(from[i]);
        to_ += count_;
    }

  private:
    int64_t count_;  // values of a row
    float* to_;      // null: bytes stay bytes
    bool normalizes_;
    float shift_, scale_;
};

}  // namespace
}  // namespace batchwarp
