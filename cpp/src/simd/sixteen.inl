// What the spline filter computes with: sixteen lines side by side.

namespace batchwarp {
namespace {

// Sixteen floats, in as many registers as the tier needs.
struct Sixteen {
    static constexpr int parts = 16 / Vec::count;
    Vec::Register part[parts];

    static BATCHWARP_INLINE Sixteen load(const float* from) {
        Sixteen v;
        for (int i = 0; i < parts; ++i)
            memcpy(&v.part[i], from + i * Vec::count, sizeof(Vec::Register));
        return v;
    }
    static BATCHWARP_INLINE Sixteen zero() {
        Sixteen v;
        for (Vec::Register& part : v.part) part = Vec::all(0);
        return v;
    }
    BATCHWARP_INLINE void store(float* to) const {
        for (int i = 0; i < parts; ++i)
            memcpy(to + i * Vec::count, &part[i], sizeof(Vec::Register));
    }
    BATCHWARP_INLINE void add_scaled(float scale, Sixteen v) {
        for (int i = 0; i < parts; ++i)
            part[i] = Vec::multiply_add(Vec::all(scale), v.part[i], part[i]);
    }
};

}  // namespace
}  // namespace batchwarp
