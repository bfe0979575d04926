// No kernels for near lines: narrow registers gain nothing by turning rows.

namespace batchwarp {
namespace {

constexpr int32_t blur_near_from = blur_near + 1, blur_rows_at_once = 0;
constexpr void (*blur_rows)(const BlurRows&) = nullptr;
constexpr void (*blur_four_rows)(const BlurWeights&, const float*, int64_t, int64_t,
                                 float* const*) = nullptr;

}  // namespace
}  // namespace batchwarp
