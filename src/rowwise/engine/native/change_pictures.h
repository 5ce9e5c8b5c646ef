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

}  // namespace rowwise
