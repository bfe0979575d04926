// What a tier, the file of one instruction set, owes to the loops that are compiled into it. Each
// file asserts it, so that what is missing or has another type is named where it is forgotten.
// There is no standard library here: see kernels.hpp.
#pragma once

#include <stdint.h>

#include "kernels.hpp"

namespace batchwarp {
namespace {  // NOLINT(misc-anonymous-namespace-in-header): `Run` is each tier's own

struct Run;  // what a pixel pass reads, in linear.inl

template <class A, class B>
inline constexpr bool is_same = false;
template <class A>
inline constexpr bool is_same<A, A> = true;
template <class A, class B>
concept Same = is_same<A, B>;

/// Whether a pixel pass reads bytes.
template <class P>
concept ReadsBytes = requires { requires P::reads_bytes; };

/// Whether a pixel pass can read a block, with `Reader`, while it computes the one before. That
/// pays where it takes about as long to bring taps together as to compute with them: processors
/// look ahead by less than a block.
template <class P>
concept ReadsAhead = requires { typename P::Reader; };

/// `Lanes`: vectors of floats, of 32-bit integers and of truth values, `count` of each. Integers
/// wrap around when they are added or multiplied; `whole_below` rounds down,
/// `truncated` towards 0. `Wide`: as many doubles.
template <class L>
concept TierLanes = requires(typename L::Float f, typename L::Int i, typename L::Mask m,
                             const float* from, typename L::Wide w, const int32_t* from_ints,
                             const uint8_t* from_bytes, float* to, int32_t* to_ints) {
    requires L::count > 0 && warp_block % L::count == 0;
    { L::load(from) } -> Same<typename L::Float>;
    { L::load(from_ints) } -> Same<typename L::Int>;
    { L::load(from_bytes) } -> Same<typename L::Float>;
    { L::load(static_cast<const double*>(nullptr)) } -> Same<typename L::Wide>;
    L::store(to, f);
    L::store(to_ints, i);
    L::store_bytes(static_cast<uint8_t*>(nullptr), i, i, i, i);  // from 0 to 255
    L::store_halves(static_cast<uint16_t*>(nullptr), f);         // as half.hpp
    L::store_pairs(to, f, f);                                    // first, second, first, second ...
    L::load_three(from, f, f, f);  // channels, in an order of pixels that `store_three` knows
    L::store_three(to, f, f, f);
    { L::ordered_three(i) } -> Same<typename L::Int>;  // from that order to memory's, and back
    { L::all(1.0f) } -> Same<typename L::Float>;
    { L::all(int32_t{1}) } -> Same<typename L::Int>;
    { L::add(f, f) } -> Same<typename L::Float>;
    { L::add(i, i) } -> Same<typename L::Int>;
    { L::subtract(f, f) } -> Same<typename L::Float>;
    { L::subtract(i, i) } -> Same<typename L::Int>;
    { L::multiply(f, f) } -> Same<typename L::Float>;
    { L::multiply(i, i) } -> Same<typename L::Int>;
    { L::divide(f, f) } -> Same<typename L::Float>;
    { L::square_root(f) } -> Same<typename L::Float>;
    { L::min(f, f) } -> Same<typename L::Float>;
    { L::max(f, f) } -> Same<typename L::Float>;
    { L::absolute(f) } -> Same<typename L::Float>;
    { L::multiply_add(f, f, f) } -> Same<typename L::Float>;  // rounds once or twice
    { L::clamp(f, f, f) } -> Same<typename L::Float>;         // NaN stays NaN
    { L::bits(i, i) } -> Same<typename L::Int>;
    { L::differing_bits(i, i) } -> Same<typename L::Int>;
    L::multiply_wide(i, uint32_t{1}, i, i);  // unsigned, to the lower and the upper half
    { L::template shift_left<1>(i) } -> Same<typename L::Int>;
    { L::template shift_right<1>(i) } -> Same<typename L::Int>;
    // a * lower + b * upper half of the factors, all of 15 bits; a and b once they are shifted.
    { L::template sum_of_products<16>(i, i, i) } -> Same<typename L::Int>;
    { L::bits_of(f) } -> Same<typename L::Int>;
    { L::of_bits(i) } -> Same<typename L::Float>;
    { L::to_float(i) } -> Same<typename L::Float>;
    { L::clamp(i, i, i) } -> Same<typename L::Int>;
    { L::max(i, i) } -> Same<typename L::Int>;
    { L::absolute(i) } -> Same<typename L::Int>;  // of more than the least one
    { L::whole_below(f) } -> Same<typename L::Int>;
    { L::truncated(f) } -> Same<typename L::Int>;
    { L::without_fraction(f) } -> Same<typename L::Float>;  // of less than 2^31
    { L::at_least(f, f) } -> Same<typename L::Mask>;
    { L::less(i, i) } -> Same<typename L::Mask>;
    { L::where(m, f, f) } -> Same<typename L::Float>;
    { L::where(m, i, i) } -> Same<typename L::Int>;
    { L::either(m, m) } -> Same<typename L::Mask>;
    { L::any(m) } -> Same<bool>;
    { L::subtract_where(m, f, f) } -> Same<typename L::Float>;
    { L::add_where(m, i, i) } -> Same<typename L::Int>;
    { L::wide(1.0) } -> Same<typename L::Wide>;
    { L::ramp() } -> Same<typename L::Wide>;  // 0, 1, 2 ...
    { L::add(w, w) } -> Same<typename L::Wide>;
    { L::multiply_add(w, w, w) } -> Same<typename L::Wide>;  // may round once
    { L::inverse(w) } -> Same<typename L::Wide>;
    { L::clamp(w, w, w) } -> Same<typename L::Wide>;
    { L::within(w, w, w) } -> Same<bool>;                     // whether all lanes are
    { L::template low_bits<1>(w) } -> Same<typename L::Int>;  // of each, shifted to the right
};

/// `Vec`: the widest register of floats. Whether `multiply_add` rounds once or twice is the tier's.
template <class V, class Four>
concept TierVec = requires(typename V::Register r, Four four) {
    requires V::count > 0 && spline_lanes % V::count == 0;
    requires sizeof(r) == V::count * sizeof(float);
    { V::all(1.0f) } -> Same<typename V::Register>;
    { V::add(r, r) } -> Same<typename V::Register>;
    { V::subtract(r, r) } -> Same<typename V::Register>;
    { V::multiply_add(r, r, r) } -> Same<typename V::Register>;
    { V::multiply_add(four, four, four) } -> Same<Four>;
};

/// `Turns`, of tiers that include blur_near.inl.
template <class V>
concept TierTurns = requires(typename V::Register r, typename V::Register (&square)[V::count],
                             const uint8_t* const* rows, int64_t offset) {
    requires V::count <= blur_rows_most;
    { V::multiply(r, r) } -> Same<typename V::Register>;
    { V::clamp(r, r, r) } -> Same<typename V::Register>;  // NaN stays NaN
    // The sum of the first two, but the first where the second is below the third, whatever its
    // sign.
    { V::add_beyond(r, r, r) } -> Same<typename V::Register>;
    V::turn(square);                      // columns become rows
    V::turn_bytes(rows, offset, square);  // `count` bytes of as many rows, as floats
};

/// `Words`, of tiers that include resize_words.inl and level_tables.inl: registers of bytes, 16-bit
/// words and 32-bit integers, in lanes of 16 bytes of which each belongs to another row. A tier
/// that multiplies registers by single words may have `add_products`, `add_taps` and `add_rows` as
/// well.
template <class W>
concept TierWords = requires(typename W::Register r, typename W::Register (&four)[4],
                             const uint8_t* bytes, const int16_t* words, uint8_t* to,
                             const uint8_t* const* rows, uint8_t* const* to_rows, int64_t offset) {
    requires W::rows > 0 && resize_rows % W::rows == 0 && sizeof(r) == 16 * W::rows;
    { W::gather(rows, offset) } -> Same<typename W::Register>;
    W::scatter(r, to_rows, offset);
    { W::repeat(bytes) } -> Same<typename W::Register>;
    { W::load(bytes) } -> Same<typename W::Register>;
    W::store(to, r);
    { W::all(int32_t{1}) } -> Same<typename W::Register>;
    { W::all_pairs(words) } -> Same<typename W::Register>;
    { W::shuffle(r, r) } -> Same<typename W::Register>;
    { W::bits(r, r) } -> Same<typename W::Register>;
    { W::select(r, r, r) } -> Same<typename W::Register>;  // bytes, by the first one's top bits
    { W::add(r, r) } -> Same<typename W::Register>;
    { W::multiply_add(r, r) } -> Same<typename W::Register>;
    { W::template shift_left<1>(r) } -> Same<typename W::Register>;
    { W::template shift_right<1>(r) } -> Same<typename W::Register>;
    { W::add_across(r, r, r, r) } -> Same<typename W::Register>;
    { W::narrow(r, r, r, r) } -> Same<typename W::Register>;
    W::zip(r, r, four);
};

/// `Samples`: registers of 16-bit integers, which wrap around, in lanes of 16 bytes, and of as many
/// bits of 32-bit integers ("wide") and of floats. Lanes are loaded from, and stored to, places
/// that are `Stride` elements apart. A tier that multiplies without adding neighbours may have
/// `Pairs` and `multiply_matrix` as well, see jpeg_blocks.inl.
template <class S>
concept TierSamples =
    requires(typename S::Register r, typename S::Float f, const int16_t* from,
             const float* from_floats, int16_t* to, float* to_floats, uint8_t* bytes) {
        requires S::count > 0 && jpeg_tile % S::count == 0;
        requires sizeof(r) == 2 * S::count && sizeof(f) == sizeof(r);
        { S::template load<8>(from) } -> Same<typename S::Register>;
        { S::template load<24>(from_floats) } -> Same<typename S::Float>;
        S::template store<8>(to, r);
        S::template store<24>(to_floats, f);
        S::store_saturated(bytes, r);  // as bytes without sign, one row of all lanes
        { S::repeat(from) } -> Same<typename S::Register>;  // 16 bytes in every lane
        { S::all(int32_t{1}) } -> Same<typename S::Register>;
        { S::all_wide(int32_t{1}) } -> Same<typename S::Register>;
        { S::all(1.0f) } -> Same<typename S::Float>;
        { S::add(r, r) } -> Same<typename S::Register>;
        { S::subtract(r, r) } -> Same<typename S::Register>;
        { S::multiply(r, r) } -> Same<typename S::Register>;
        { S::multiply_high(r, r) } -> Same<typename S::Register>;  // the upper halves of products
        { S::multiply_high_unsigned(r, r) } -> Same<typename S::Register>;
        { S::template shift_left<1>(r) } -> Same<typename S::Register>;
        { S::template shift_right<1>(r) } -> Same<typename S::Register>;
        { S::clamp(r, r, r) } -> Same<typename S::Register>;
        { S::absolute(r) } -> Same<typename S::Register>;
        { S::with_sign(r, r) } -> Same<typename S::Register>;  // of the second; 0 where that is 0
        {
            S::template zip_low<1>(r, r)
        } -> Same<typename S::Register>;  // of lanes, by so many bytes
        { S::template zip_high<2>(r, r) } -> Same<typename S::Register>;
        { S::low_bytes(r) } -> Same<typename S::Register>;  // of lanes, without sign
        { S::high_bytes(r) } -> Same<typename S::Register>;
        { S::saturated(r, r) } -> Same<typename S::Register>;   // back to bytes without sign
        { S::repeat_first(r) } -> Same<typename S::Register>;   // of each lane
        { S::without_first(r) } -> Same<typename S::Register>;  // the others, in whatever order
        { S::merged_bits(r, r) } -> Same<typename S::Register>;
        { S::is_zero(r) } -> Same<bool>;
        { S::add_products(r, r) } -> Same<typename S::Register>;  // of pairs, to wide ones
        { S::add_wide(r, r) } -> Same<typename S::Register>;
        { S::subtract_wide(r, r) } -> Same<typename S::Register>;
        { S::template shift_right_wide<1>(r) } -> Same<typename S::Register>;
        { S::narrow(r, r) } -> Same<typename S::Register>;  // of wide ones that fit
        { S::add(f, f) } -> Same<typename S::Float>;
        { S::subtract(f, f) } -> Same<typename S::Float>;
        { S::multiply(f, f) } -> Same<typename S::Float>;
        { S::divide(f, f) } -> Same<typename S::Float>;
        { S::bring_within(f, f, f) } -> Same<typename S::Float>;  // NaN becomes the lowest
        { S::template pick<0, 1, 2, 3>(f, f) } -> Same<typename S::Float>;  // two of each, in lanes
        { S::truncated(f) } -> Same<typename S::Register>;
        { S::of_bits(r) } -> Same<typename S::Float>;
    };

/// A pixel pass of order 1: `block` computes the `warp_block` pixels from the i-th on, and writes
/// up to `excess` floats past them.
template <class P, int Channels>
concept PixelPass = requires(const Run& run, int32_t i, float* out) {
    requires P::channels == Channels&& P::excess >= 0;
    P::template block<false>(run, i, out);
    P::template block<true>(run, i, out);
};

}  // namespace
}  // namespace batchwarp
