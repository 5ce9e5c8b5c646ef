// out = init + A B, the one product of forward, backward and gradient.
//
// The depth is walked in blocks, so that a panel of B's block stays in the L1 cache while a chunk of A's rows passes over it.
// What is zero in A costs nothing and what is not runs at the speed of the multiply-adds. Every number is summed in the
// order of the depth, whichever way A was packed, so no result depends on how the work was divided, as long as B is finite.
#pragma once
#include "pack.h"
#include "panels.h"

namespace rowwise::ROWWISE_ISA {

inline constexpr int kChunk = 64;  // rows of A that are packed at a time

// The sums of one visit after the other stay in registers: nothing else is in these two functions, because the compiler
// would keep its own constants there and put a sum into memory.
template <class T, int J>
[[gnu::noinline]] void add_together(const Group<T>& a, const T* b, std::ptrdiff_t ldb, T* out, std::ptrdiff_t ldo, const T* init,
                                    bool begins) {
  constexpr int W = kWidth<T>;
  Vec<T> acc[kRows][J];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 8
    for (int j = 0; j < J; ++j) acc[r][j] = !begins ? load(out + r * ldo + j * W) : init ? load(init + j * W) : Vec<T>{};
  const std::uint8_t* const end = a.at + a.count[0];
  for (const std::uint8_t* at = a.at; at < end; ++at) {
    const T* x = a.values + *at * kRows;
    const T* row = in_register(b + *at * ldb);
    Vec<T> w[J];
#pragma GCC unroll 8
    for (int j = 0; j < J; ++j) w[j] = load(row + j * W);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 8
      for (int j = 0; j < J; ++j) acc[r][j] += x[r] * w[j];
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 8
    for (int j = 0; j < J; ++j) store(out + r * ldo + j * W, acc[r][j]);
}
template <class T, int J>
[[gnu::noinline]] void add_alone(const Group<T>& a, int r, const T* b, std::ptrdiff_t ldb, T* out, const T* init, bool begins) {
  constexpr int W = kWidth<T>;
  Vec<T> acc[J];
#pragma GCC unroll 8
  for (int j = 0; j < J; ++j) acc[j] = !begins ? load(out + j * W) : init ? load(init + j * W) : Vec<T>{};
  const T* const x = a.row + r * a.ld;
  const std::uint8_t *at = a.at + r * kBlock, *const end = at + a.count[r];
  for (; at < end; ++at) {
    const T* row = in_register(b + *at * ldb);
#pragma GCC unroll 8
    for (int j = 0; j < J; ++j) acc[j] += x[*at * a.step] * load(row + j * W);
  }
#pragma GCC unroll 8
  for (int j = 0; j < J; ++j) store(out + j * W, acc[j]);
}

// Rows of a panel of B, `ld` apart.
template <class T>
struct Part {
  const T* p = nullptr;
  std::ptrdiff_t ld = 0;
};
// Where the sums of a panel go, rows `ld` apart; `init` is what they begin with, a row of the panel, or null for zero.
template <class T>
struct Sums {
  T* p;
  std::ptrdiff_t ld;
  const T* init;
};

// A chunk of A's rows over a block of the depth.
template <class T>
struct Block {
  Group<T> groups[kChunk / kRows];
  Range rows, depth;
  bool begins;  // whether it is the depth's first

  // The sums of a panel of J vectors, `next` being the one after it: it is asked for meanwhile, because a step from panel to
  // panel is further than the processor looks ahead by itself.
  template <int J>
  void times(const Part<T>& b, const Part<T>& next, Sums<T> sums) const {
    const int each = next.p ? (depth.size() * kRows + rows.size() - 1) / rows.size() : 0;
    const Group<T>* group = groups;
    for (int row = rows.begin, ahead = 0; row < rows.end; row += kRows, ++group, sums.p += kRows * sums.ld) {
      for (const int until = std::min(depth.size(), ahead + each); ahead < until; ++ahead) {
        for (int j = 0; j < kPanel * kWidth<T>; j += int(64 / sizeof(T))) __builtin_prefetch(next.p + ahead * next.ld + j);
      }
      if (group->together) add_together<T, J>(*group, b.p, b.ld, sums.p, sums.ld, sums.init, begins);
      else
        for (int r = 0; r < kRows && row + r < rows.end; ++r)
          add_alone<T, J>(*group, r, b.p, b.ld, sums.p + r * sums.ld, sums.init, begins);
    }
  }
};

// `cut` says how the columns of B lie in panels; those of `owner` are multiplied, or all for -1. part_of(panel, k) is B from
// its row k on, sums_of(panel, row) where the sums of a row of A go. done(panel, J, rows) is told when rows have theirs.
template <class T, class A, class PartOf, class SumsOf, class Done>
void product(const A& a, Range rows, int depth, const Cut<T>& cut, int owner, const PartOf& part_of, const SumsOf& sums_of,
             const Done& done) {
  Block<T> block;
  for (int row = rows.begin; row < rows.end; row += kChunk) {
    block.rows = {row, std::min(row + kChunk, rows.end)};
    for (int k = 0; k < depth; k += kBlock) {
      block.depth = {k, std::min(k + kBlock, depth)};
      block.begins = k == 0;
      for (int r = row; r < block.rows.end; r += kRows)
        a.pack(r, std::min(kRows, block.rows.end - r), k, block.depth.size(), block.groups[(r - row) / kRows]);
      cut.each(owner, [&](const Panel& p, const Panel* next, auto J) {
        block.template times<J>(part_of(p, k), next ? part_of(*next, k) : Part<T>{}, sums_of(p, row));
        if (block.depth.end == depth) done(p, J, block.rows);
      });
    }
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
