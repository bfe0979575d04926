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
        const __mmask16 carry_y = _mm256_cmplt_epu16_mask(y, y_),
                        carry_x = _mm256_cmplt_epu16_mask(x, x_);
        codes = _mm256_add_epi16(load(column_code), all(start));
        codes = _mm256_mask_add_epi16(codes, carry_y, codes, step_);
        codes = _mm256_mask_add_epi16(codes, carry_x, codes, all(1));
        return _mm256_cmplt_epu16_mask(_mm256_min_epu16(y, x), all(point_undecided)) == 0;
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
