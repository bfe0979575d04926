// What blur_near.inl does with the registers of AVX-512, besides what `Vec` has.

namespace batchwarp {
namespace {

struct Turns {
    using Register = __m512;
    static constexpr int count = Vec::count;

    static BATCHWARP_INLINE Register multiply(Register a, Register b) {
        return _mm512_mul_ps(a, b);
    }
    static BATCHWARP_INLINE Register clamp(Register v, Register low, Register high) {
        return Lanes::clamp(v, low, high);
    }
    static BATCHWARP_INLINE Register add_beyond(Register v, Register more, Register least) {
        const __mmask16 counts = _mm512_cmp_ps_mask(_mm512_abs_ps(more), least, _CMP_NLT_UQ);
        return _mm512_mask_add_ps(v, counts, v, more);
    }
    static BATCHWARP_INLINE void turn_bytes(const uint8_t* const* row, int64_t at,
                                            Register (&line)[count]) {
        // Each lane of 16 bytes has four rows: first one of them in a register, then all.
        const __m512i a = rows_apart(row, at), b = rows_apart(row + 1, at),
                      c = rows_apart(row + 2, at), d = rows_apart(row + 3, at);
        const __m512i ab_low = _mm512_unpacklo_epi8(a, b), ab_high = _mm512_unpackhi_epi8(a, b),
                      cd_low = _mm512_unpacklo_epi8(c, d), cd_high = _mm512_unpackhi_epi8(c, d);
        const __m512i four[4] = {
            _mm512_unpacklo_epi16(ab_low, cd_low), _mm512_unpackhi_epi16(ab_low, cd_low),
            _mm512_unpacklo_epi16(ab_high, cd_high), _mm512_unpackhi_epi16(ab_high, cd_high)};
        const __m512i each = _mm512_broadcast_i32x4(
            _mm_setr_epi8(0, -1, -1, -1, 1, -1, -1, -1, 2, -1, -1, -1, 3, -1, -1, -1));
        const auto values = [&](int k, int place) {
            const __m512i places = _mm512_add_epi32(each, _mm512_set1_epi32(4 * place));
            line[4 * k + place] = _mm512_cvtepi32_ps(_mm512_shuffle_epi8(four[k], places));
        };
        for (int k = 0; k < 4; ++k) {
            values(k, 0);
            values(k, 1);
            values(k, 2);
            values(k, 3);
        }
    }
    static BATCHWARP_INLINE void turn(Register (&line)[count]) {
        // Squares of four in each lane of 16 bytes, then lanes.
        for (int k = 0; k < count; k += 4) {
            const Register ab_low = _mm512_unpacklo_ps(line[k], line[k + 1]),
                           ab_high = _mm512_unpackhi_ps(line[k], line[k + 1]),
                           cd_low = _mm512_unpacklo_ps(line[k + 2], line[k + 3]),
                           cd_high = _mm512_unpackhi_ps(line[k + 2], line[k + 3]);
            line[k] = low_pairs(ab_low, cd_low);
            line[k + 1] = high_pairs(ab_low, cd_low);
            line[k + 2] = low_pairs(ab_high, cd_high);
            line[k + 3] = high_pairs(ab_high, cd_high);
        }
        for (int k = 0; k < 4; ++k) {
            const Register a = line[k], b = line[k + 4], c = line[k + 8], d = line[k + 12];
            const Register ab_even = _mm512_shuffle_f32x4(a, b, 0x88),
                           ab_odd = _mm512_shuffle_f32x4(a, b, 0xdd),
                           cd_even = _mm512_shuffle_f32x4(c, d, 0x88),
                           cd_odd = _mm512_shuffle_f32x4(c, d, 0xdd);
            line[k] = _mm512_shuffle_f32x4(ab_even, cd_even, 0x88);
            line[k + 4] = _mm512_shuffle_f32x4(ab_odd, cd_odd, 0x88);
            line[k + 8] = _mm512_shuffle_f32x4(ab_even, cd_even, 0xdd);
            line[k + 12] = _mm512_shuffle_f32x4(ab_odd, cd_odd, 0xdd);
        }
    }

  private:
    // 16 bytes of every fourth row.
    static BATCHWARP_INLINE __m512i rows_apart(const uint8_t* const* row, int64_t at) {
        const auto sixteen = [&](int k) {
            return _mm_loadu_si128(reinterpret_cast<const __m128i*>(row[k] + at));
        };
        __m512i v = _mm512_castsi128_si512(sixteen(0));
        v = _mm512_mask_broadcast_i32x4(v, 0x00f0, sixteen(4));
        v = _mm512_mask_broadcast_i32x4(v, 0x0f00, sixteen(8));
        return _mm512_mask_broadcast_i32x4(v, 0xf000, sixteen(12));
    }
    static BATCHWARP_INLINE Register low_pairs(Register a, Register b) {
        return _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
    }
    static BATCHWARP_INLINE Register high_pairs(Register a, Register b) {
        return _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
    }
};

static_assert(TierTurns<Turns>);

}  // namespace
}  // namespace batchwarp
