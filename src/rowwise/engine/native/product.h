// out = init + A B, the one product of forward, backward and gradient, in panels of a few vector registers.
//
// The depth is walked in blocks of 64, so that a block of B stays in the L1 cache while all rows of A pass over it and
// one machine word says which of a row's 64 numbers are not zero. Rows with many zeros visit only the others; rows
// with few are taken several at a time. Every number is summed in the order of the depth, whichever way is taken, so
// no result depends on how the work was divided.
#pragma once
#include "panels.h"

namespace rowwise::ROWWISE_ISA {

inline constexpr int kBlock = 64;
// Rows are taken together where that is cheaper. In cycles of a machine with two fused multiply-adds: a number of b serves R
// rows at R J / 2; alone, a non-zero costs 0.75 J + 1.2 (measured, see docs/en/native-engine.md).
template <int J>
inline constexpr double kTogether = 1.5 + 2.4 / J;
inline constexpr double kDense = 0.7;  // the share of numbers of b above which none is left out

// How many vectors an array of them holds.
template <class Vectors>
inline constexpr int kCount = int(std::extent_v<std::remove_reference_t<Vectors>>);

// Where the rows of A lie. `block` gives 64 numbers of a row, `mask` says which of the first n are not zero.
inline std::uint64_t first_bits(int n) { return n == 64 ? ~std::uint64_t(0) : (std::uint64_t(1) << n) - 1; }

template <class T>
struct Floats {  // row after row, `ld` apart
  const T* p;
  std::ptrdiff_t ld;
  std::uint64_t mask(int row, int i, int n) const { return nonzero64(p + row * ld + i, n) & first_bits(n); }
  const T* block(int row, int i, int, T*) const { return p + row * ld + i; }
};
inline constexpr int kBytes = 16;  // bytes are moved, transposed and made numbers 16 at a time
template <class T>
struct Bytes {  // rows of bytes times a scale, in blocks of 64 of the depth, as they are walked: (block, row, 64)
  const std::uint8_t* p;
  std::ptrdiff_t block_size, row_size;  // a depth of less than 64 has shorter rows
  T scale;
  const std::uint8_t* at(int row, int i) const { return p + i / kBlock * block_size + row * row_size; }
  std::uint64_t mask(int row, int i, int n) const { return nonzero64(at(row, i)) & first_bits(n); }
  const T* block(int row, int i, int n, T* scratch) const {
    const std::uint8_t* from = at(row, i);
    for (int g = 0; g < n; g += kBytes)
      for (int j = g; j < g + kBytes; ++j) scratch[j] = T(int(from[j])) * scale;
    return scratch;
  }
};

// acc[j] += a[i] * b[i][j] for the bits i of mask, in their order.
template <class T, int J>
[[gnu::always_inline]] inline void one_row(const T* a, std::uint64_t mask, const T* b, std::ptrdiff_t ldb, Vec<T> (&acc)[J]) {
  while (mask) {
    const int i = std::countr_zero(mask);
    mask &= mask - 1;
    const T* row = in_register(b + i * ldb);
    const T x = a[i];
#pragma GCC unroll 8
    for (int j = 0; j < J; ++j) acc[j] += x * load(row + j * kWidth<T>);
  }
}
// acc[r][j] += a[r][i] * row[j] for R rows: row is loaded once for all.
template <class T, int R, int J>
[[gnu::always_inline]] inline void add_products(const T* const (&a)[R], int i, const T* row, Vec<T> (&acc)[R][J]) {
  Vec<T> w[J];
#pragma GCC unroll 8
  for (int j = 0; j < J; ++j) w[j] = load(row + j * kWidth<T>);
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
    const T x = a[r][i];
#pragma GCC unroll 8
    for (int j = 0; j < J; ++j) acc[r][j] += x * w[j];
  }
}
// As one_row for R rows, over the bits of any.
template <class T, int R, int J>
[[gnu::always_inline]] inline void rows_together(const T* const (&a)[R], std::uint64_t mask, const T* b, std::ptrdiff_t ldb,
                                                 Vec<T> (&acc)[R][J]) {
  while (mask) {
    const int i = std::countr_zero(mask);
    mask &= mask - 1;
    add_products<T>(a, i, in_register(b + i * ldb), acc);
  }
}

// acc[r][j] += a[r][i] * b[i][j] for i < n: without a mask the loop is as fast as the multiply-adds.
template <class T, int R, int J>
[[gnu::always_inline]] inline void rows_dense(const T* const (&a)[R], int n, const T* b, std::ptrdiff_t ldb, Vec<T> (&acc)[R][J]) {
  for (int i = 0; i < n; ++i) add_products<T>(a, i, b + i * ldb, acc);
}

// One panel of J vectors. `done(row, j, acc)` takes the finished vectors of a row from the j-th on: all of them, or one
// half where the registers hold only a half of several rows. Between blocks of the depth the sums rest in `out`; a depth
// of one block never touches it. `init` is a row of the panel, or null for zero.
template <class T, int J, class A, class Done>
void panel(const A& a, int first, int last, int depth, const T* b, std::ptrdiff_t ldb, T* out, std::ptrdiff_t ldo,
           const T* init, const Done& done) {
  constexpr int W = kWidth<T>;
  // With 16 registers 4 rows of 3 vectors need the fewest loads a multiply-add; with 32, 3 rows of 7.
  constexpr int half = kRegisters == 16 && J > 4 ? (J + 1) / 2 : J;
  constexpr int R = std::clamp((kRegisters - (kRegisters == 32 ? 8 : 4)) / half, 1, 8);
  alignas(64) T scratch[R][kBlock];
  for (int i0 = 0; i0 < depth; i0 += kBlock) {
    const int n = std::min(kBlock, depth - i0);
    const bool begins = i0 == 0, ends = i0 + kBlock >= depth;
    const T* rows_of_b = b + i0 * ldb;
    const auto begin = [&](int row, int j0, auto& acc) {
      for (int j = 0; j < kCount<decltype(acc)>; ++j)
        acc[j] = !begins ? load(out + row * ldo + (j0 + j) * W) : init ? load(init + (j0 + j) * W) : Vec<T>{};
    };
    const auto end = [&](int row, int j0, auto& acc) {
      if (ends) return done(row, j0, acc);
      for (int j = 0; j < kCount<decltype(acc)>; ++j) store(out + row * ldo + (j0 + j) * W, acc[j]);
    };
    const auto single = [&](int row, std::uint64_t mask) {
      Vec<T> acc[J];
      begin(row, 0, acc);
      if (mask) one_row<T, J>(a.block(row, i0, n, scratch[0]), mask, rows_of_b, ldb, acc);
      end(row, 0, acc);
    };
    const auto together = [&](int row, const T* const(&from)[R], std::uint64_t any, auto j0, auto width) {
      Vec<T> acc[R][decltype(width)::value];
      for (int r = 0; r < R; ++r) begin(row + r, j0, acc[r]);
      if (std::popcount(any) > kDense * n) rows_dense<T>(from, n, rows_of_b + j0 * W, ldb, acc);
      else rows_together<T>(from, any, rows_of_b + j0 * W, ldb, acc);
      for (int r = 0; r < R; ++r) end(row + r, j0, acc[r]);
    };
    int row = first;
    for (; R > 1 && row + R <= last; row += R) {
      std::uint64_t mask[R], any = 0;
      int count = 0;
      for (int r = 0; r < R; ++r) {
        mask[r] = a.mask(row + r, i0, n);
        any |= mask[r];
        count += std::popcount(mask[r]);
      }
      if (std::popcount(any) * R <= kTogether<J> * count) {
        const T* from[R];
        for (int r = 0; r < R; ++r) from[r] = a.block(row + r, i0, n, scratch[r]);
        together(row, from, any, std::integral_constant<int, 0>{}, std::integral_constant<int, half>{});
        if constexpr (half < J) together(row, from, any, std::integral_constant<int, half>{}, std::integral_constant<int, J - half>{});
      } else {
        for (int r = 0; r < R; ++r) single(row + r, mask[r]);
      }
    }
    for (; row < last; ++row) single(row, a.mask(row, i0, n));
  }
}

// to[c][r] = from[r][c], in tiles that stay in registers or at least in the L1 cache.
template <class T>
void transpose(const T* from, std::ptrdiff_t ld_from, T* to, std::ptrdiff_t ld_to, int rows, int columns) {
  constexpr int tile = 8;
  for (int c = 0; c < columns; c += tile)
    for (int r = 0; r < rows; r += tile) {
      const int h = std::min(tile, rows - r), w = std::min(tile, columns - c);
      const T* f = from + r * ld_from + c;
      T* t = to + c * ld_to + r;
      if (h == tile && w == tile) {
        for (int j = 0; j < tile; ++j)
          for (int i = 0; i < tile; ++i) t[j * ld_to + i] = f[i * ld_from + j];
      } else {
        for (int j = 0; j < w; ++j)
          for (int i = 0; i < h; ++i) t[j * ld_to + i] = f[i * ld_from + j];
      }
    }
}

}  // namespace rowwise::ROWWISE_ISA
