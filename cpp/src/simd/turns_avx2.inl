// What blur_near.inl does with the registers of AVX2, besides what `Vec` has.

namespace batchwarp {
namespace {

struct Turns {
    using Register = __m256;
    static constexpr int count = Vec::count;

    static BATCHWARP_INLINE Register multiply(Register a, Register b) {
        return _mm256_mul_ps(a, b);
    }
    static BATCHWARP_INLINE Register clamp(Register v, Register low, Register high) {
        return Lanes::clamp(v, low, high);
    }
    static BATCHWARP_INLINE Register add_beyond(Register v, Register more, Register least) {
        const Register size = _mm256_andnot_ps(_mm256_set1_ps(-0.0f), more);
        return _mm256_add_ps(v, _mm256_and_ps(more, _mm256_cmp_ps(size, least, _CMP_NLT_UQ)));
    }
    static BATCHWARP_INLINE void turn_bytes(const uint8_t* const* row, int64_t at,
                                            Register (&line)[count]) {
        // Each lane of 16 bytes has four rows: first one of them in a register, then all.
        const auto eight = [&](int k) {
            return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(row[k] + at));
        };
        const auto rows_apart = [&](int k) { return _mm256_setr_m128i(eight(k), eight(k + 4)); };
        const __m256i ab = _mm256_unpacklo_epi8(rows_apart(0), rows_apart(1)),
                      cd = _mm256_unpacklo_epi8(rows_apart(2), rows_apart(3));
        const __m256i four[2] = {_mm256_unpacklo_epi16(ab, cd), _mm256_unpackhi_epi16(ab, cd)};
        const __m256i each =
            _mm256_setr_epi8(0, -1, -1, -1, 1, -1, -1, -1, 2, -1, -1, -1, 3, -1, -1, -1,  //
                             0, -1, -1, -1, 1, -1, -1, -1, 2, -1, -1, -1, 3, -1, -1, -1);
        for (int k = 0; k < count; ++k) {
            const __m256i places = _mm256_add_epi32(each, _mm256_set1_epi32(k % 4 * 4));
            line[k] = _mm256_cvtepi32_ps(_mm256_shuffle_epi8(four[k / 4], places));
        }
    }
    static BATCHWARP_INLINE void turn(Register (&line)[count]) {
        // Squares of four in each lane of 16 bytes, then lanes.
        for (int k = 0; k < count; k += 4) {
            const Register ab_low = _mm256_unpacklo_ps(line[k], line[k + 1]),
                           ab_high = _mm256_unpackhi_ps(line[k], line[k + 1]),
                           cd_low = _mm256_unpacklo_ps(line[k + 2], line[k + 3]),
                           cd_high = _mm256_unpackhi_ps(line[k + 2], line[k + 3]);
            line[k] = _mm256_shuffle_ps(ab_low, cd_low, 0x44);
            line[k + 1] = _mm256_shuffle_ps(ab_low, cd_low, 0xee);
            line[k + 2] = _mm256_shuffle_ps(ab_high, cd_high, 0x44);
            line[k + 3] = _mm256_shuffle_ps(ab_high, cd_high, 0xee);
        }
        for (int k = 0; k < 4; ++k) {
            const Register a = line[k], b = line[k + 4];
            line[k] = _mm256_permute2f128_ps(a, b, 0x20);
            line[k + 4] = _mm256_permute2f128_ps(a, b, 0x31);
        }
    }
};

static_assert(TierTurns<Turns>);

}  // namespace
}  // namespace batchwarp
