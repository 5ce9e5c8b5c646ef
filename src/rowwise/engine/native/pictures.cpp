// Pictures, and what is to happen to each → the pictures of an epoch: the arithmetic of `rowwise.data.augmentation`.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace {

namespace nb = nanobind;

constexpr int kColumns = 11;
constexpr std::int64_t kOne = 1 << 16;

constexpr std::int64_t kNear = 1024;  // pixels: the longest side of what `between_near` takes

struct Places {  // of a row's pixels: where in the picture, and how far beyond, in 256ths
  int at[kNear], fx[kNear], fy[kNear];
};

struct Shape {
  std::int64_t height, width, channels;
};

// Pixels move by whole ones, and are mirrored or not: rows are copied, and what is beyond the edge is the edge.
void copied(const std::uint8_t* x, std::uint8_t* out, const Shape& s, const std::int32_t* how) {
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
      std::reverse_copy(from + start - (last - first) + 1, from + start + 1, to + first);
    else
      for (std::int64_t c = first; c < last; ++c)
        for (std::int64_t k = 0; k < channels; ++k) to[c * channels + k] = from[(start - (c - first)) * channels + k];
  }
}

// The weighted mean, in 256ths, of the four pixels around each place; beyond the edge that of the edge.
template <int kChannels>
void between(const std::uint8_t* x, std::uint8_t* out, const Shape& s, const std::int32_t* how) {
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

// The same where no number leaves 32 bits and each pixel has a neighbour: the places of a row first, then its values.
template <int kChannels>
void between_near(const std::uint8_t* x, std::uint8_t* __restrict out, const Shape& s, const std::int32_t* how,
                  Places& places) {
  const int channels = kChannels ? kChannels : int(s.channels);
  const int height = int(s.height), width = int(s.width);
  const std::ptrdiff_t stride = std::ptrdiff_t(width) * channels;
  const std::int32_t last_y = (height - 1) << 16, last_x = (width - 1) << 16, down = how[1], aside = how[3];
  for (int row = 0; row < height; ++row, out += stride) {
    const std::int32_t y_of_row = how[0] * row + how[4], x_of_row = how[2] * row + how[5];
    for (int column = 0; column < width; ++column) {
      const std::int32_t y = std::max(0, std::min(y_of_row + down * column, last_y));
      const std::int32_t across = std::max(0, std::min(x_of_row + aside * column, last_x));
      const int first = std::min(y >> 16, height - 2), left = std::min(across >> 16, width - 2);
      places.at[column] = first * width + left;
      places.fx[column] = (across - (left << 16)) >> 8, places.fy[column] = (y - (first << 16)) >> 8;
    }
    for (int column = 0; column < width; ++column) {
      const std::uint8_t* upper = x + std::ptrdiff_t(places.at[column]) * channels;
      const std::uint8_t* lower = upper + stride;
      const int fx = places.fx[column], fy = places.fy[column];
      for (int k = 0; k < channels; ++k) {
        const int above = (upper[k] << 8) + (upper[k + channels] - upper[k]) * fx;
        const int below = (lower[k] << 8) + (lower[k + channels] - lower[k]) * fx;
        out[column * channels + k] = std::uint8_t(((above << 8) + (below - above) * fy + (1 << 15)) >> 16);
      }
    }
  }
}

bool is_near(const Shape& s, const std::int32_t* how) {
  if (s.height < 2 || s.width < 2 || s.height > kNear || s.width > kNear) return false;
  for (int k = 0; k < 4; ++k)
    if (std::abs(std::int64_t(how[k])) > 8 * kOne) return false;
  return std::abs(std::int64_t(how[4])) < kNear * 512 * 1024 && std::abs(std::int64_t(how[5])) < kNear * 512 * 1024;
}

template <int kChannels>
void sampled(const std::uint8_t* x, std::uint8_t* out, const Shape& s, const std::int32_t* how, Places& places) {
  if (is_near(s, how))
    between_near<kChannels>(x, out, s, how, places);
  else
    between<kChannels>(x, out, s, how);
}

void erased(std::uint8_t* out, const Shape& s, const std::int32_t* how) {
  const std::int64_t top = std::clamp<std::int64_t>(how[6], 0, s.height), left = std::clamp<std::int64_t>(how[8], 0, s.width);
  const std::int64_t bottom = std::clamp<std::int64_t>(how[7], top, s.height);
  const std::int64_t right = std::clamp<std::int64_t>(how[9], left, s.width);
  for (std::int64_t row = top; row < bottom; ++row)
    std::memset(out + (row * s.width + left) * s.channels, how[10], (right - left) * s.channels);
}

using Pictures = nb::ndarray<const std::uint8_t, nb::ndim<4>, nb::c_contig, nb::device::cpu>;
using Outcome = nb::ndarray<std::uint8_t, nb::ndim<4>, nb::c_contig, nb::device::cpu>;
using How = nb::ndarray<const std::int32_t, nb::shape<-1, kColumns>, nb::c_contig, nb::device::cpu>;

void change(const Pictures& x, const How& how, const Outcome& out) {
  for (int axis = 0; axis < 4; ++axis)
    if (x.shape(axis) != out.shape(axis)) throw nb::value_error("out");
  if (how.shape(0) != x.shape(0)) throw nb::value_error("how");
  const Shape s{std::int64_t(x.shape(1)), std::int64_t(x.shape(2)), std::int64_t(x.shape(3))};
  if (!s.height || !s.width) return;
  const std::uint8_t* from = x.data();
  std::uint8_t* to = out.data();
  const std::int32_t* of_each = how.data();
  const std::int64_t pictures = x.shape(0), bytes = s.height * s.width * s.channels;
  nb::gil_scoped_release released;
  Places places;
  for (std::int64_t picture = 0; picture < pictures; ++picture, from += bytes, to += bytes, of_each += kColumns) {
    const bool upright = of_each[0] == kOne && !of_each[1] && !of_each[2] && (of_each[3] == kOne || of_each[3] == -kOne);
    if (upright && of_each[4] % kOne == 0 && of_each[5] % kOne == 0)
      copied(from, to, s, of_each);
    else if (s.channels == 1)
      sampled<1>(from, to, s, of_each, places);
    else if (s.channels == 3)
      sampled<3>(from, to, s, of_each, places);
    else
      sampled<0>(from, to, s, of_each, places);
    erased(to, s, of_each);
  }
}

}  // namespace

void bind_pictures(nb::module_& m) {
  m.def("change_pictures", &change, nb::arg("x").noconvert(), nb::arg("how").noconvert(), nb::arg("out").noconvert());
}
