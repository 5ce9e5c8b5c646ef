// Pictures and what is to happen to each → the pictures of an epoch: the call, whichever instruction set it is for.
#pragma once
#include <cstdint>

namespace rowwise {

inline constexpr int kColumnsOfHow = 11;  // those of `drawn` in `rowwise.data.augmentation`

struct PictureShape {
  std::int64_t height, width, channels;
};

// x and out: (pictures, height, width, channels); how: (pictures, kColumnsOfHow).
using ChangePictures = void (*)(const PictureShape&, std::int64_t pictures, const std::uint8_t* x,
                                const std::int32_t* how, std::uint8_t* out);

// own: (pictures, values), and of each the place in x (any number of pictures, values) of the one that is mixed in, and
// its weight in 256ths → out (pictures, values).
using MixPictures = void (*)(std::int64_t pictures, std::int64_t values, const std::uint8_t* own, const std::uint8_t* x,
                             const std::int32_t* partner, const std::int32_t* weight, std::uint8_t* out);

}  // namespace rowwise
