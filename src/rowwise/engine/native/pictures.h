// Pictures, and what is to happen to each → the pictures of an epoch: the arithmetic of `rowwise.data.augmentation`.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "change_pictures.h"

namespace rowwise::ROWWISE_ISA {

inline constexpr std::int64_t kOne = 1 << 16;
inline constexpr int kNear = 1024;  // pixels: the longest side of what `Sampler` takes
inline constexpr int kSlack = 16;  // pixels behind a row that a loop of whole vectors may write

// n bytes, the last one first; eight at a time.
inline void reversed(const std::uint8_t* from, std::uint8_t* to, std::int64_t n) {
  constexpr std::int64_t kWord = sizeof(std::uint64_t);
  const auto word = [&](std::int64_t at) {
    std::uint64_t bytes;
    std::memcpy(&bytes, from + n - at - kWord, kWord);
    bytes = __builtin_bswap64(bytes);
    std::memcpy(to + at, &bytes, kWord);
  };
  if (n < kWord) {
    for (std::int64_t i = 0; i < n; ++i) to[i] = from[n - 1 - i];
    return;
  }
  for (std::int64_t i = 0; i + kWord < n; i += kWord) word(i);
  word(n - kWord);
}

// Pixels move by whole ones, and are mirrored or not: rows are copied, and what is beyond the edge is the edge.
inline void copied(const std::uint8_t* x, std::uint8_t* out, const PictureShape& s, const std::int32_t* how) {
  const std::int64_t down = how[4] / kOne, aside = how[5] / kOne, channels = s.channels;
  const bool mirrored = how[3] < 0;
  // Columns [first, last) have a pixel of the picture, from that of `start` on, to the right or to the left.
  const std::int64_t first = std::clamp<std::int64_t>(mirrored ? aside - s.width + 1 : -aside, 0, s.width);
  const std::int64_t last = std::clamp<std::int64_t>(mirrored ? aside + 1 : s.width - aside, first, s.width);
  const std::int64_t start = mirrored ? aside - first : first + aside;
  const std::int64_t before = mirrored ? s.width - 1 : 0, after = mirrored ? 0 : s.width - 1;
  for (std::int64_t row = 0; row < s.height; ++row) {
    const std::uint8_t* from = x + std::clamp<std::int64_t>(row + down, 0, s.height - 1) * s.width * channels;
    std::uint8_t* to = out + row * s.width * channels;
    for (std::int64_t c = 0; c < first; ++c) std::memcpy(to + c * channels, from + before * channels, channels);
    for (std::int64_t c = last; c < s.width; ++c) std::memcpy(to + c * channels, from + after * channels, channels);
    if (!mirrored)
      std::memcpy(to + first * channels, from + start * channels, (last - first) * channels);
    else if (channels == 1)
      reversed(from + start - (last - first) + 1, to + first, last - first);
    else
      for (std::int64_t c = first; c < last; ++c)
        for (std::int64_t k = 0; k < channels; ++k) to[c * channels + k] = from[(start - (c - first)) * channels + k];
  }
}

// The weighted mean, in 256ths, of the four pixels around each place; beyond the edge that of the edge.
template <int kChannels>
void between(const std::uint8_t* x, std::uint8_t* out, const PictureShape& s, const std::int32_t* how) {
  const int channels = kChannels ? kChannels : int(s.channels);
  const int height = int(s.height), width = int(s.width);
  const std::ptrdiff_t stride = std::ptrdiff_t(width) * channels;
  for (int row = 0; row < height; ++row) {
    std::int64_t y = std::int64_t(how[0]) * row + how[4], across = std::int64_t(how[2]) * row + how[5];
    for (int column = 0; column < width; ++column, y += how[1], across += how[3]) {
      const int first = int(y >> 16), left = int(across >> 16);
      const int fy = int(y >> 8) & 255, fx = int(across >> 8) & 255;
      const std::uint8_t *upper, *lower;
      int a, b;
      if (unsigned(first) < unsigned(height - 1) && unsigned(left) < unsigned(width - 1)) {  // nearly all of them
        upper = x + first * stride, lower = upper + stride;
        a = left * channels, b = a + channels;
      } else {
        upper = x + std::max(0, std::min(first, height - 1)) * stride;
        lower = x + std::max(0, std::min(first + 1, height - 1)) * stride;
        a = std::max(0, std::min(left, width - 1)) * channels, b = std::max(0, std::min(left + 1, width - 1)) * channels;
      }
      for (int k = 0; k < channels; ++k) {
        const int above = upper[a + k] * (256 - fx) + upper[b + k] * fx;
        const int below = lower[a + k] * (256 - fx) + lower[b + k] * fx;
        *out++ = std::uint8_t((above * (256 - fy) + below * fy + (1 << 15)) >> 16);
      }
    }
  }
}

// The same, in whole vectors, where no number leaves 32 bits and each pixel has a neighbour: first the places of many
// pixels, then what is around each of these, then their means.
template <int kChannels>
class Sampler {
 public:
  explicit Sampler(const PictureShape& shape)
      : height_(int(shape.height)), width_(int(shape.width)), channels_(kChannels ? kChannels : int(shape.channels)),
        rows_at_once_(std::max(1, kNear / width_)), around_(std::size_t(height_) * width_ * channels_) {
    const std::size_t pixels = std::size_t(rows_at_once_) * width_ + kSlack;
    place_.resize(pixels), weights_.resize(pixels);
    quads_.resize(pixels * channels_), weights_of_quads_.resize(channels_ == 1 ? 0 : pixels * channels_);
  }

  void operator()(const std::uint8_t* x, std::uint8_t* out, const std::int32_t* how) {
    gather_neighbours(x);
    for (int row = 0; row < height_; row += rows_at_once_) {
      const int rows = std::min(rows_at_once_, height_ - row);
      for (int r = 0; r < rows; ++r) locate(row + r, r * width_, how);
      take_quads(rows * width_);
      mean(out + std::ptrdiff_t(row) * width_ * channels_, rows * width_ * channels_);
    }
  }

 private:
  const int height_, width_, channels_, rows_at_once_;

  int channels() const { return kChannels ? kChannels : channels_; }
  std::vector<std::uint32_t> around_;  // (height, width, channels): a value and those to the right, below, and both
  std::vector<std::uint32_t> place_;  // of the pixels of some rows: which one of the picture is above and left of each
  std::vector<std::uint32_t> weights_;  // how far beyond that each lies, in 256ths: across, and down times 2^16
  std::vector<std::uint32_t> quads_, weights_of_quads_;  // the same of each value: what is around, and the weights

  void gather_neighbours(const std::uint8_t* x) {
    const int next = channels(), below = width_ * channels(), count = height_ * below - below - next;
    std::uint32_t* __restrict around = around_.data();
    for (int i = 0; i < count; ++i)
      around[i] = std::uint32_t(x[i]) | std::uint32_t(x[i + next]) << 8 | std::uint32_t(x[i + below]) << 16 |
                  std::uint32_t(x[i + below + next]) << 24;
  }

  void locate(int row, int start, const std::int32_t* how) {
    const std::int32_t y_of_row = how[0] * row + how[4], x_of_row = how[2] * row + how[5];
    const std::int32_t down = how[1], aside = how[3], width = width_;
    const std::int32_t last_y = (height_ - 1) << 16, last_x = (width_ - 1) << 16;
    const int columns = (width_ + kSlack - 1) / kSlack * kSlack;  // what is too much, the next row overwrites
    std::uint32_t* __restrict place = place_.data() + start;
    std::uint32_t* __restrict weights = weights_.data() + start;
    for (int column = 0; column < columns; ++column) {
      const std::int32_t y = std::max(0, std::min(y_of_row + down * column, last_y));
      const std::int32_t across = std::max(0, std::min(x_of_row + aside * column, last_x));
      const std::int32_t top = std::min(y >> 16, (last_y >> 16) - 1), left = std::min(across >> 16, width - 2);
      place[column] = std::uint32_t(top * width + left);
      weights[column] = std::uint32_t(((across - (left << 16)) >> 8) | ((y - (top << 16)) >> 8 << 16));
    }
  }

  void take_quads(int pixels) {
    const std::uint32_t* __restrict place = place_.data();
    const std::uint32_t* __restrict around = around_.data();
    std::uint32_t* __restrict quads = quads_.data();
    for (int i = 0; i < pixels; ++i)
      for (int k = 0; k < channels(); ++k) quads[i * channels() + k] = around[place[i] * channels() + k];
    if (channels() == 1) return;
    std::uint32_t* __restrict weights = weights_of_quads_.data();
    for (int i = 0; i < pixels; ++i)
      for (int k = 0; k < channels(); ++k) weights[i * channels() + k] = weights_[i];
  }

  // Two products of 16 bits in one of 32: neither leaves its half.
  void mean(std::uint8_t* __restrict out, int values) const {
    constexpr std::uint32_t kHalves = 0x00ff00ff;
    const std::uint32_t* __restrict quads = quads_.data();
    const std::uint32_t* __restrict weights = (channels() == 1 ? weights_ : weights_of_quads_).data();
    for (int i = 0; i < values; ++i) {
      const std::uint32_t left = quads[i] & kHalves, right = quads[i] >> 8 & kHalves;
      const std::uint32_t both = (left << 8) + (right - left) * (weights[i] & 0xffff);
      const std::uint32_t above = both & 0xffff, below = both >> 16;
      out[i] = std::uint8_t(((above << 8) + (below - above) * (weights[i] >> 16) + (1 << 15)) >> 16);
    }
  }
};

inline bool is_near(const PictureShape& s, const std::int32_t* how) {
  if (s.height < 2 || s.width < 2 || s.height > kNear || s.width > kNear) return false;
  for (int k = 0; k < 4; ++k)
    if (std::abs(std::int64_t(how[k])) > 8 * kOne) return false;
  return std::abs(std::int64_t(how[4])) < kNear * 512 * 1024 && std::abs(std::int64_t(how[5])) < kNear * 512 * 1024;
}

inline void erased(std::uint8_t* out, const PictureShape& s, const std::int32_t* how) {
  const std::int64_t top = std::clamp<std::int64_t>(how[6], 0, s.height), left = std::clamp<std::int64_t>(how[8], 0, s.width);
  const std::int64_t bottom = std::clamp<std::int64_t>(how[7], top, s.height);
  const std::int64_t right = std::clamp<std::int64_t>(how[9], left, s.width);
  for (std::int64_t row = top; row < bottom; ++row)
    std::memset(out + (row * s.width + left) * s.channels, how[10], (right - left) * s.channels);
}

template <int kChannels>
void change(const PictureShape& s, std::int64_t pictures, const std::uint8_t* x, const std::int32_t* how, std::uint8_t* out) {
  const std::int64_t bytes = s.height * s.width * s.channels;
  Sampler<kChannels> sampler(s);
  for (std::int64_t picture = 0; picture < pictures; ++picture, x += bytes, out += bytes, how += kColumnsOfHow) {
    const bool upright = how[0] == kOne && !how[1] && !how[2] && (how[3] == kOne || how[3] == -kOne);
    if (upright && how[4] % kOne == 0 && how[5] % kOne == 0)
      copied(x, out, s, how);
    else if (is_near(s, how))
      sampler(x, out, how);
    else
      between<kChannels>(x, out, s, how);
    erased(out, s, how);
  }
}

}  // namespace rowwise::ROWWISE_ISA
