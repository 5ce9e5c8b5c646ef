// The change of pictures, compiled once for each instruction set, which all give the same bits.
#include "pictures.h"

namespace rowwise::ROWWISE_ISA {

void change_pictures(const PictureShape& shape, std::int64_t pictures, const std::uint8_t* x, const std::int32_t* how,
                     std::uint8_t* out) {
  if (shape.channels == 1) return change<1>(shape, pictures, x, how, out);
  if (shape.channels == 3) return change<3>(shape, pictures, x, how, out);
  change<0>(shape, pictures, x, how, out);
}

}  // namespace rowwise::ROWWISE_ISA
