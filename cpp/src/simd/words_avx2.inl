// What point_windows.inl places sixteen pixels with that are inside of the image, in words: where
// they are behind the points, and their codes.

namespace batchwarp {
namespace {

class PointWords {
  public:
    /// @param step  by how much the code of a pixel is larger than that of the one above
    BATCHWARP_INLINE PointWords(int32_t row_y, int32_t row_x, int32_t step)
        : y_(all(row_y)), x_(all(row_x)), step_(all(step)) {}

    /// Sixteen codes, from columns' parts on and from `start`; false if rounding may matter to one.
    BATCHWARP_INLINE bool find(const uint16_t* column_y, const uint16_t* column_x,
                               const uint16_t* column_code, int32_t start, __m256i& codes) const {
        const __m256i y = _mm256_add_epi16(load(column_y), y_),
                      x = _mm256_add_epi16(load(column_x), x_);
        const __m256i stays_y = _mm256_cmpeq_epi16(_mm256_max_epu16(y, y_), y),
                      stays_x = _mm256_cmpeq_epi16(_mm256_max_epu16(x, x_), x);
        const __m256i more = _mm256_add_epi16(_mm256_andnot_si256(stays_y, step_), all(start + 1));
        codes = _mm256_add_epi16(_mm256_add_epi16(load(column_code), stays_x), more);
        const __m256i near = _mm256_subs_epu16(all(point_undecided), _mm256_min_epu16(y, x));
        return _mm256_testz_si256(near, near) != 0;
    }

  private:
    static BATCHWARP_INLINE __m256i all(int32_t v) {
        return _mm256_set1_epi16(static_cast<int16_t>(v));
    }
    static BATCHWARP_INLINE __m256i load(const uint16_t* from) {
        return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    }

    __m256i y_, x_, step_;
};

}  // namespace
}  // namespace batchwarp
