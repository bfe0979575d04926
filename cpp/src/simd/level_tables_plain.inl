// What tables have for levels, one after the other.

namespace batchwarp {
namespace {

void look_up_levels(const uint8_t* levels, int64_t pixels, int32_t channels,
                    const uint8_t (*tables)[256], float low, float factor, float* to) {
    float values[3][256];
    for (int32_t c = 0; c < channels; ++c)
        for (int k = 0; k < 256; ++k)
            values[c][k] = low + factor * static_cast<float>(tables[c][k]);
    if (channels == 1) {
        for (int64_t i = 0; i < pixels; ++i) to[i] = values[0][levels[i]];
        return;
    }
    for (int64_t i = 0; i < pixels; ++i, levels += 3, to += 3)
        for (int c = 0; c < 3; ++c) to[c] = values[c][levels[c]];
}

}  // namespace
}  // namespace batchwarp
