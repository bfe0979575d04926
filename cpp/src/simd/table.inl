// A tier's table, from its pixel passes. Included last.

namespace batchwarp {
namespace {

using PointBytes = void(const PointBytesJob&);

// Of tiers that have such: the warp of bytes of one and of three channels, and of pairs.
struct BytePasses {
    void (*c1)(const WarpJob&) = nullptr;
    void (*c3)(const WarpJob&) = nullptr;
    void (*pairs)(const WarpJob&) = nullptr;
    void (*pair)(const uint8_t*, int64_t, int64_t, int64_t, uint8_t*) = nullptr;
};

template <PixelPass<1> C1, PixelPass<1> Pairs, PixelPass<3> C3, PixelPass<4> C4>
constexpr KernelTable make_table(const char* name, PointBytes* order_0,
                                 BytePasses order_1 = {}) noexcept {
    return {name,
            linear_fixed<C1>,
            order_1.c1,
            linear_fixed<C3>,
            order_1.c3,
            linear_fixed<C4>,
            linear_any,
            linear_fixed<Pairs>,
            pair_rows<float>,
            pair_rows<uint8_t>,
            order_1.pairs,
            order_1.pair,
            point,
            order_0,
            spline,
            place_row,
            place_blended_row,
            spline_filter_columns,
            spline_filter_rows,
            convert_u8,
            convert_u16,
            min_max,
            pixel_kernels<ops::All>,
            row_kernels<ops::All>,
            round_to_bytes,
            store_bytes,
            store_halves,
            move_towards,
            normalize,
            moments,
            mix_pixels,
            mix_planes,
            scale_channels,
            channel_sums,
            channel_ranges,
            levels,
            look_up_levels,
            blend_around,
            blend_four_around,
            blur_near_from,
            blur_rows_at_once,
            blur_rows,
            blur_four_rows,
            jpeg,
            Samples::count / jpeg_block,
            jpeg_samples,
            jpeg_sum_rows,
            jpeg_widen,
            jpeg_to_planes,
            jpeg_to_fours,
            resize_row_group,
            resize_columns,
            premultiply,
            unpremultiply,
            luma,
            blend_rows<uint8_t>,
            blend_rows<float>,
            blend_pixels,
            uniforms,
            add_noise};
}

// With bytes of four channels as well.
template <PixelPass<4> C4>
constexpr KernelTable with_c4_bytes(KernelTable table) noexcept {
    table.linear_c4_bytes = linear_fixed<C4>;
    return table;
}

}  // namespace
}  // namespace batchwarp
