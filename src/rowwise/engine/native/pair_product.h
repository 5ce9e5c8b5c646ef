// The product of product.h in bfloat16: A (rows, depth) · B (depth, columns) + init (columns,) → out (rows, columns), all
// sums in float32, two neighbours of the depth at a time. Below, the depth and its blocks are counted in pairs.
//
// The order of a sum is that of the depth, as there: no result depends on how the work was divided.
#pragma once
#include "bfloat16.h"
#include "product.h"

namespace rowwise::ROWWISE_ISA {

inline int pairs_in(int numbers) { return (numbers + 1) / 2; }

// kRows rows of A over one block of the depth: pairs (place, row), and the places where one row is not zero.
struct PackedPairs {
  int visits;
  std::uint8_t* places;
  Pair* values;
};

// Every operand has pack(row, count, first, depth, to), as those of pack.h, of pairs; missing rows are whatever finite
// numbers.

// Rows whose vectors `load(r, number)` gives → the pairs and their places.
template <class Load>
inline void pack_neighbours(int depth, const Load& load, PackedPairs& to) {
  constexpr int W = kWidth<float>;
  to.visits = 0;
  for (int k = 0; k < depth; k += W) {
    Vec<Pair> rows[kRows];
    for (int r = 0; r < kRows; ++r) rows[r] = neighbours(load(r, 2 * k), load(r, 2 * k + W));
    interleave4(rows, to.values + k * kRows);
    std::uint32_t left = nonzero(rows[0] | rows[1] | rows[2] | rows[3]);
    if (depth - k < W) left &= (1u << (depth - k)) - 1;
    for (; left; left &= left - 1) to.places[to.visits++] = std::uint8_t(k + std::countr_zero(left));
  }
}
// Pairs of which `pack_place(place, values)` gives one of each row, and whether one is not zero.
template <class PackPlace>
inline void pack_places(int depth, const PackPlace& pack_place, PackedPairs& to) {
  to.visits = 0;
  for (int k = 0; k < depth; ++k) {
    to.places[to.visits] = std::uint8_t(k);
    to.visits += pack_place(k, to.values + k * kRows);
  }
}

// A (rows, numbers) as it lies, rows `ld` apart.
struct RowPairs {
  const float* p;
  std::ptrdiff_t ld;
  int numbers;
  void pack(int row, int count, int first, int depth, PackedPairs& to) const {
    const auto load = [&](int r, int k) {
      return load_some(p + (row + std::min(r, count - 1)) * ld + 2 * first + k, numbers - 2 * first - k);
    };
    pack_neighbours(depth, load, to);
  }
};
// As RowPairs, of bytes times a scale, as ByteRows has them.
struct ByteRowPairs {
  const std::uint8_t* p;
  std::ptrdiff_t ld;
  float scale;
  void pack(int row, int, int first, int depth, PackedPairs& to) const {
    pack_neighbours(depth, [&](int r, int k) { return load_bytes(p + (row + r) * ld + 2 * first + k, scale); }, to);
  }
};

// A (rows, numbers) is the transpose of p (numbers, rows), whose rows are `ld` apart.
struct ColumnPairs {
  const float* p;
  std::ptrdiff_t ld;
  int numbers;
  void pack(int row, int, int first, int depth, PackedPairs& to) const {
    static constexpr float kNone[kRows]{};
    const auto place = [&](int k, Pair* values) {
      const float* const from = p + 2 * (first + k) * ld + row;
      return pair4(from, 2 * (first + k) + 1 < numbers ? from + ld : kNone, values);
    };
    pack_places(depth, place, to);
  }
};
struct ByteColumnPairs {
  const std::uint8_t* p;
  std::ptrdiff_t ld;
  float scale;
  int numbers;
  void pack(int row, int, int first, int depth, PackedPairs& to) const {
    static constexpr std::uint8_t kNone[kRows]{};
    const auto place = [&](int k, Pair* values) {
      const std::uint8_t* const from = p + 2 * (first + k) * ld + row;
      return pair4(from, 2 * (first + k) + 1 < numbers ? from + ld : kNone, scale, values);
    };
    pack_places(depth, place, to);
  }
};

// As multiply_tile, for R of the packed rows: a from row `row` on (R, depth) · b (depth, J vectors) → out (R, J vectors).
template <int R, int J>
[[gnu::noinline]] void multiply_pairs(const PackedPairs& a, int row, const Pair* b, std::ptrdiff_t ldb, float* out,
                                      std::ptrdiff_t ldo, const float* init, bool first_block) {
  constexpr int W = kWidth<float>;
  Vec<float> sums[R][J];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int j = 0; j < J; ++j)
      sums[r][j] = !first_block ? load(out + r * ldo + j * W) : init ? load(init + j * W) : Vec<float>{};
  const std::uint8_t* const end = a.places + a.visits;
  for (const std::uint8_t* place = a.places; place < end; ++place) {
    const Pair* x = a.values + *place * kRows + row;
    const Pair* from = in_register(b + *place * ldb);
    Vec<Pair> w[J];
#pragma GCC unroll 8
    for (int j = 0; j < J; ++j) w[j] = load(from + j * W);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
      for (int j = 0; j < J; ++j) sums[r][j] = add_products(sums[r][j], w[j], Vec<Pair>{} + x[r]);
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int j = 0; j < J; ++j) store(out + r * ldo + j * W, sums[r][j]);
}

// As PackedChunk, of pairs.
struct PairChunk {
  PackedPairs packed[kMostChunk / kRows];
  Range rows, depth;
  alignas(64) std::uint8_t places[kMostChunk / kRows * (kMostBlock + 1)];
  alignas(64) Pair values[kMostChunk * kMostBlock];

  template <class A>
  void pack(const A& a, double) {
    const int ld = (depth.size() + 15) / 16 * 16;
    for (int row = rows.begin, i = 0; row < rows.end; row += kRows, ++i) {
      packed[i].places = places + i * (ld + 1);  // the last may be written and does not count
      packed[i].values = values + i * kRows * ld;
      a.pack(row, std::min(kRows, rows.end - row), depth.begin, depth.size(), packed[i]);
    }
  }

  template <int J>
  void times(const PanelRows<Pair>& b, const PanelRows<Pair>& next, Out<float> out) const {
    const bool first_block = depth.begin == 0 && !out.adds;
    const int ahead_per_row = next.p ? (depth.size() * kRows + rows.size() - 1) / rows.size() : 0;
    const PackedPairs* a = packed;
    for (int row = rows.begin, ahead = 0; row < rows.end; row += kRows, ++a, out.p += kRows * out.ld) {
      for (const int until = std::min(depth.size(), ahead + ahead_per_row); ahead < until; ++ahead) {
        for (int j = 0; j < kPanelVectors * kWidth<Pair>; j += int(64 / sizeof(Pair)))
          __builtin_prefetch(next.p + ahead * next.ld + j);
      }
      if (row + kRows <= rows.end) multiply_pairs<kRows, J>(*a, 0, b.p, b.ld, out.p, out.ld, out.init, first_block);
      else
        for (int r = 0; row + r < rows.end; ++r)
          multiply_pairs<1, J>(*a, r, b.p, b.ld, out.p + r * out.ld, out.ld, out.init, first_block);
    }
  }
};

}  // namespace rowwise::ROWWISE_ISA
