#include "batchwarp/coordinates.hpp"

#include <new>

namespace batchwarp {
namespace {

Map mirror(bool horizontal, bool vertical, const Size& size) noexcept {
    Map map;
    if (vertical) {
        map.m[0][0] = -1;
        map.m[0][2] = static_cast<double>(size.height - 1);
    }
    if (horizontal) {
        map.m[1][1] = -1;
        map.m[1][2] = static_cast<double>(size.width - 1);
    }
    return map;
}

}  // namespace

Map operator*(const Map& then, const Map& first) noexcept {
    Map product;
    for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 3; ++j)
            product.m[i][j] = then.m[i][0] * first.m[0][j] + then.m[i][1] * first.m[1][j] +
                              then.m[i][2] * first.m[2][j];
    return product;
}

void Coordinates::follow(const Map& map, const Size& size) noexcept {
    const Map before{{{affine.m00, affine.m01, affine.o0},
                      {affine.m10, affine.m11, affine.o1},
                      {divisor.r, divisor.c, divisor.one}}};
    const Map last = mirror(flip_horizontal, flip_vertical, size) * map;
    const Map all = before * last;
    if (displaces) displacement.to_field = displacement.to_field * last;
    affine = {all.m[0][0], all.m[0][1], all.m[1][0], all.m[1][1], all.m[0][2], all.m[1][2]};
    divisor = {all.m[2][0], all.m[2][1], all.m[2][2]};
    warps = composed = true;
    projects = divisor.r != 0 || divisor.c != 0 || divisor.one != 1;
    flip_horizontal = flip_vertical = false;
}

void Coordinates::displace(const Field& by) noexcept {
    follow(Map{}, by.size);
    const Map from_field{{{affine.m00, affine.m01, affine.o0},
                          {affine.m10, affine.m11, affine.o1},
                          {divisor.r, divisor.c, divisor.one}}};
    new (&displacement) Displacement{by, Map{}, from_field};
    displaces = true;
}

}  // namespace batchwarp
