// The change of pictures, compiled once for each instruction set, which all give the same bits.
#include "pictures.h"

namespace rowwise::ROWWISE_ISA {

void change_pictures(const PictureShape& shape, std::int64_t pictures, const std::uint8_t* x, const std::int32_t* how,
                     std::uint8_t* out) {
  if (shape.channels == 1) return change<1>(shape, pictures, x, how, out);
  if (shape.channels == 3) return change<3>(shape, pictures, x, how, out);
  change<0>(shape, pictures, x, how, out);
}

void mix_pictures(std::int64_t pictures, std::int64_t values, const std::uint8_t* own, const std::uint8_t* x,
                  const std::int32_t* partner, const std::int32_t* weight, std::uint8_t* out) {
  for (std::int64_t picture = 0; picture < pictures; ++picture, own += values, out += values) {
    const std::uint8_t* other = x + partner[picture] * values;
    const int share = weight[picture];
    for (std::int64_t i = 0; i < values; ++i)
      out[i] = std::uint8_t((own[i] * (256 - share) + other[i] * share + 128) >> 8);
  }
}

}  // namespace rowwise::ROWWISE_ISA
