// The operand A of a product: kRows of its rows at a time, packed without what is zero in all of them.
//
// A is rows of numbers or bytes (forward: records; backward: slopes), or the transpose of such rows (gradient: features). A
// transpose is read where it lies, kRows numbers of a row at a time; no transposed copy of the batch is made.
#pragma once
#include <algorithm>

#include "vector.h"

namespace rowwise::ROWWISE_ISA {

// Numbers of the depth that are packed at a time: a panel of B so high stays in an L1 cache of 32 KiB.
inline constexpr int kBlock = kVectorBytes == 64 ? 64 : 128;
inline constexpr int kWords = kBlock / 64, kSixteens = kBlock / 16;
inline constexpr int kRows = 4;
// Together, kRows rows visit every place of the depth where one of them is not zero; alone, each visits its own. Together is
// cheaper up to this many numbers for one that is not zero (measured, see docs/en/native-engine.md).
inline constexpr double kTogether = 2.6;

// kRows rows of A over a block of the depth, as they are visited.
template <class T>
struct alignas(64) Group {
  bool together;
  int count[kRows];                 // visits: of all rows (the first) or of each
  std::uint8_t at[kRows * kBlock];  // the place of a visit; alone: (row, visit)
  const T* row;                     // alone: the number of row r at a place is row[r * ld + place * step]
  std::ptrdiff_t ld, step;
  T values[kBlock * kRows];         // (place, row)

  void decide(int rows, int places, int numbers) { together = rows == kRows && places * kRows <= kTogether * numbers; }
};

// The places of the bits that are set, into `at`; returns how many.
inline int places(const std::uint64_t (&words)[kWords], std::uint8_t* at) {
  const std::uint8_t* const begin = at;
  for (int w = 0; w < kWords; ++w)
    for (std::uint64_t left = words[w]; left; left &= left - 1) *at++ = std::uint8_t(w * 64 + std::countr_zero(left));
  return int(at - begin);
}
inline int bits(const std::uint64_t (&words)[kWords]) {
  int count = 0;
  for (const std::uint64_t word : words) count += std::popcount(word);
  return count;
}

// The operand A. `pack` takes `count` <= kRows rows from `row` on, numbers [first, first + n) of each.
template <class T>
struct Rows {  // rows of numbers, `ld` apart
  const T* p;
  std::ptrdiff_t ld;
  void pack(int row, int count, int first, int n, Group<T>& to) const {
    const T* from = p + row * ld + first;
    std::uint64_t lit[kRows][kWords]{}, any[kWords]{};
    int numbers = 0;
    for (int r = 0; r < count; ++r) {
      for (int w = 0; w * 64 < n; ++w) {
        const int left = std::min(64, n - w * 64);
        lit[r][w] = nonzero64(from + r * ld + w * 64, left) & (~std::uint64_t(0) >> (64 - left));
        any[w] |= lit[r][w];
      }
      numbers += bits(lit[r]);
    }
    to.decide(count, bits(any), numbers);
    if (to.together) {
      to.count[0] = places(any, to.at);
      for (int k = 0; k < n; k += 4) transpose4(from + k, ld, to.values + k * kRows);
      return;
    }
    to.row = from;
    to.ld = ld;
    to.step = 1;
    for (int r = 0; r < count; ++r) to.count[r] = places(lit[r], to.at + r * kBlock);
  }
};

// From which values (place, row) are not zero, 16 places a word: which are visited.
template <class T>
inline void choose(const std::uint64_t (&lit)[kSixteens], int rows, int n, Group<T>& to) {
  std::uint64_t any[kWords]{};
  int numbers = 0;
  for (int i = 0; i * 16 < n; ++i) {
    any[i / 4] |= every_fourth(lit[i] | lit[i] >> 1 | lit[i] >> 2 | lit[i] >> 3) << i % 4 * 16;
    numbers += std::popcount(lit[i]);
  }
  to.decide(rows, bits(any), numbers);
  if (to.together) {
    to.count[0] = places(any, to.at);
    return;
  }
  to.row = to.values;
  to.ld = 1;
  to.step = kRows;
  for (int r = 0; r < rows; ++r) {
    std::uint64_t own[kWords]{};
    for (int i = 0; i * 16 < n; ++i) own[i / 4] |= every_fourth(lit[i] >> r) << i % 4 * 16;
    to.count[r] = places(own, to.at + r * kBlock);
  }
}
template <class T>
struct Columns {  // A is the transpose of such rows
  const T* p;
  std::ptrdiff_t ld;
  void pack(int row, int count, int first, int n, Group<T>& to) const {
    const T* from = p + first * ld + row;
    std::uint64_t lit[kSixteens]{};
    for (int k = 0; k < n; ++k) {
      std::memcpy(to.values + k * kRows, from + k * ld, sizeof(T) * kRows);
      lit[k / 16] |= nonzero4(from + k * ld) << k % 16 * 4;
    }
    choose(lit, count, n, to);
  }
};

// kRows bytes of one place of the depth beside each other; `four` of a whole block.
template <class T>
inline void pack_bytes(const std::uint32_t (&four)[kBlock], T scale, int rows, int n, Group<T>& to) {
  std::uint64_t lit[kSixteens];
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(four);
  for (int k = 0; k < n; k += 16) {
    lit[k / 16] = nonzero64(bytes + k * kRows);
    for (int i = k * kRows; i < (k + 16) * kRows; ++i) to.values[i] = T(int(bytes[i])) * scale;
  }
  choose(lit, rows, n, to);
}
// Rows of bytes times a scale. A row goes on with zeros to a multiple of 16, and kRows rows are read even where `count` is
// fewer: the buffer has as many more.
template <class T>
struct ByteRows {
  const std::uint8_t* p;
  std::ptrdiff_t ld;
  T scale;
  void pack(int row, int count, int first, int n, Group<T>& to) const {
    alignas(64) std::uint32_t four[kBlock];
    for (int k = 0; k < n; k += 16) interleave4(p + row * ld + first + k, ld, four + k);
    pack_bytes(four, scale, count, n, to);
  }
};
template <class T>
struct ByteColumns {
  const std::uint8_t* p;
  std::ptrdiff_t ld;
  T scale;
  void pack(int row, int count, int first, int n, Group<T>& to) const {
    alignas(64) std::uint32_t four[kBlock];
    const std::uint8_t* const from = p + first * ld + row;
    for (int k = 0; k < n; ++k) std::memcpy(four + k, from + k * ld, 4);
    std::memset(four + n, 0, sizeof(four[0]) * ((n + 15) / 16 * 16 - n));
    pack_bytes(four, scale, count, n, to);
  }
};

}  // namespace rowwise::ROWWISE_ISA
