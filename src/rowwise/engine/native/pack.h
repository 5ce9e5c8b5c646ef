// The left operand A of a product → kRows of its rows at a time, packed, with a list of where they are not zero.
//
// A is rows of numbers or bytes (forward: records; backward: gradients), or the transpose of such rows (gradient of a
// kernel: features). A transpose is read where it lies, kRows numbers of a row at a time: no transposed copy of the
// batch is made.
#pragma once
#include <algorithm>

#include "plan.h"
#include "vector.h"

namespace rowwise::ROWWISE_ISA {

inline constexpr int kRows = 4;

// A bit for each place of a block, or for each number (place, row) of a block.
using PlaceBits = std::uint64_t[kMostBlock / 64];
using NumberBits = std::uint64_t[kMostBlock * kRows / 64];

// kRows rows of A over one block of the depth: which places are visited, and the numbers there. They either share their
// visits, to every place where one of them is not zero, or each row has visits of its own: Plan::sharing says which.
template <class T>
struct PackedRows {
  bool shared;           // visits
  int visits[kRows];     // how many: shared, in visits[0]; else of each row
  std::uint8_t* places;  // shared: (visit,); else (row, visit), rows `ld_places` apart
  int ld_places;
  const T* own;          // not shared: row r has own[r * ld + place * step] at a place
  std::ptrdiff_t ld, step;
  T* values;             // (place, row): shared, or packed from bytes or a transpose

  void choose_sharing(double limit, int rows, int shared_places, int nonzero) {
    shared = rows == kRows && shared_places * kRows <= limit * nonzero;
  }
};

// Of each byte of bits: the places of those that are set, and how many they are. Eight places at a time, without a
// branch: where a loop over the set bits of a word ends, no processor can foresee.
struct PlacesOfByte {
  std::uint8_t places[256][8]{}, count[256]{};
  constexpr PlacesOfByte() {
    for (int byte = 0; byte < 256; ++byte)
      for (int i = 0; i < 8; ++i)
        if (byte >> i & 1) places[byte][count[byte]++] = std::uint8_t(i);
  }
};
alignas(64) inline constexpr PlacesOfByte kPlacesOfByte;

// bits of `depth` places → the places of those that are set, ascending; returns how many. Up to a multiple of eight
// places is written.
inline int list_places(const PlaceBits& bits, int depth, std::uint8_t* places) {
  int count = 0;
  for (int k = 0; k < depth; k += 8) {
    const auto byte = std::uint8_t(bits[k / 64] >> k % 64);
    std::uint64_t eight;
    std::memcpy(&eight, kPlacesOfByte.places[byte], 8);
    eight += std::uint64_t(k) * 0x0101010101010101;
    std::memcpy(places + count, &eight, 8);
    count += kPlacesOfByte.count[byte];
  }
  return count;
}
inline int count_bits(const PlaceBits& bits, int depth) {
  int count = 0;
  for (int w = 0; w * 64 < depth; ++w) count += std::popcount(bits[w]);
  return count;
}

// Every operand has pack(sharing, row, count, first, depth, to): rows [row, row + count) of A, count <= kRows, over the
// places [first, first + depth), depth <= kMostBlock.

// A (rows, depth) as it lies, rows `ld` apart.
template <class T>
struct Rows {
  const T* p;
  std::ptrdiff_t ld;
  void pack(double sharing, int row, int count, int first, int depth, PackedRows<T>& to) const {
    const T* from = p + row * ld + first;
    PlaceBits nonzero[kRows]{}, any{};
    int numbers = 0;
    for (int r = 0; r < count; ++r) {
      for (int w = 0; w * 64 < depth; ++w) {
        const int left = std::min(64, depth - w * 64);
        nonzero[r][w] = nonzero64(from + r * ld + w * 64, left) & (~std::uint64_t(0) >> (64 - left));
        any[w] |= nonzero[r][w];
      }
      numbers += count_bits(nonzero[r], depth);
    }
    to.choose_sharing(sharing, count, count_bits(any, depth), numbers);
    if (to.shared) {
      to.visits[0] = list_places(any, depth, to.places);
      for (int k = 0; k < depth; k += 4) transpose4(from + k, ld, to.values + k * kRows);
      return;
    }
    to.own = from;
    to.ld = ld;
    to.step = 1;
    for (int r = 0; r < count; ++r) to.visits[r] = list_places(nonzero[r], depth, to.places + r * to.ld_places);
  }
};

// to.values (place, row), bits that say which of them are not zero, and at which places any of them is → the visits.
template <class T>
inline void list_visits(double sharing, const NumberBits& nonzero, const PlaceBits& any, int count, int depth,
                        PackedRows<T>& to) {
  int numbers = 0;
  for (int i = 0; i * 16 < depth; ++i) numbers += std::popcount(nonzero[i]);  // 16 places have a word of bits
  to.choose_sharing(sharing, count, count_bits(any, depth), numbers);
  if (to.shared) {
    to.visits[0] = list_places(any, depth, to.places);
    return;
  }
  to.own = to.values;
  to.ld = 1;
  to.step = kRows;
  for (int r = 0; r < count; ++r) {
    PlaceBits own{};
    for (int i = 0; i * 16 < depth; ++i) own[i / 4] |= every_fourth(nonzero[i] >> r) << i % 4 * 16;
    to.visits[r] = list_places(own, depth, to.places + r * to.ld_places);
  }
}

// A (rows, depth) is the transpose of p (depth, rows), whose rows are `ld` apart.
template <class T>
struct Columns {
  const T* p;
  std::ptrdiff_t ld;
  void pack(double sharing, int row, int count, int first, int depth, PackedRows<T>& to) const {
    const T* from = p + first * ld + row;
    NumberBits nonzero{};
    PlaceBits any{};
    for (int k = 0; k < depth; ++k) {
      std::memcpy(to.values + k * kRows, from + k * ld, sizeof(T) * kRows);
      const std::uint64_t bits = nonzero4(from + k * ld);
      nonzero[k / 16] |= bits << k % 16 * 4;
      any[k / 64] |= std::uint64_t(bits != 0) << k % 64;
    }
    list_visits(sharing, nonzero, any, count, depth, to);
  }
};

// bytes (place, row), four in a word, zero up to a multiple of 16 places → to.values, times a scale, and the visits.
template <class T>
inline void pack_bytes(double sharing, const std::uint32_t (&words)[kMostBlock], T scale, int count, int depth,
                       PackedRows<T>& to) {
  NumberBits nonzero;
  PlaceBits any{};
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(words);
  for (int k = 0; k < depth; k += 16) {
    nonzero[k / 16] = nonzero64(bytes + k * kRows);
    any[k / 64] |= nonzero16(words + k) << k % 64;
    for (int i = k * kRows; i < (k + 16) * kRows; ++i) to.values[i] = T(int(bytes[i])) * scale;
  }
  list_visits(sharing, nonzero, any, count, depth, to);
}

// As Rows, of bytes times a scale. Rows are padded with zeros to a multiple of 16 places.
template <class T>
struct ByteRows {
  const std::uint8_t* p;
  std::ptrdiff_t ld;
  T scale;
  void pack(double sharing, int row, int count, int first, int depth, PackedRows<T>& to) const {
    alignas(64) std::uint32_t words[kMostBlock];
    const std::uint8_t* const from = p + row * ld + first;
    if (count == kRows) {
      for (int k = 0; k < depth; k += 16) interleave4(from + k, ld, words + k);
    } else {  // another thread may be gathering the row after the last
      std::memset(words, 0, sizeof(words[0]) * ((depth + 15) / 16 * 16));
      for (int r = 0; r < count; ++r)
        for (int k = 0; k < depth; ++k) reinterpret_cast<std::uint8_t*>(words + k)[r] = from[r * ld + k];
    }
    pack_bytes(sharing, words, scale, count, depth, to);
  }
};

// As Columns, of bytes times a scale.
template <class T>
struct ByteColumns {
  const std::uint8_t* p;
  std::ptrdiff_t ld;
  T scale;
  void pack(double sharing, int row, int count, int first, int depth, PackedRows<T>& to) const {
    alignas(64) std::uint32_t words[kMostBlock];
    const std::uint8_t* const from = p + first * ld + row;
    for (int k = 0; k < depth; ++k) std::memcpy(words + k, from + k * ld, 4);
    std::memset(words + depth, 0, sizeof(words[0]) * ((depth + 15) / 16 * 16 - depth));
    pack_bytes(sharing, words, scale, count, depth, to);
  }
};

}  // namespace rowwise::ROWWISE_ISA
