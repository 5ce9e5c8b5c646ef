// A (rows, depth) · B (depth, columns) + init (columns,) → out (rows, columns): the one product of all three passes.
//
// The depth is walked in blocks (Plan::block), so that a block of a panel of B stays in the L1 cache while a chunk of A's rows passes
// over it. Zeros in A cost nothing, and all else runs at the speed of the multiply-adds. Every sum is formed in the
// order of the depth, however A was packed: as long as B is finite, no result depends on how the work was divided.
#pragma once
#include "pack.h"
#include "panels.h"

namespace rowwise::ROWWISE_ISA {

// A tile of out: kRows rows by J vectors, whose sums stay in registers from visit to visit. Nothing else is in this
// function and the next, because the compiler would give registers to its own constants and put a sum into memory.
//
// a, packed rows (kRows, depth) that share their visits · b (depth, J vectors) → out (kRows, J vectors). In the first
// block of the depth the sums start from init (J vectors,), or from zero where it is null; later, from what out holds.
template <class T, int J>
[[gnu::noinline]] void multiply_tile(const PackedRows<T>& a, const T* b, std::ptrdiff_t ldb, T* out, std::ptrdiff_t ldo,
                                     const T* init, bool first_block) {
  constexpr int W = kWidth<T>;
  Vec<T> sums[kRows][J];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 8
    for (int j = 0; j < J; ++j)
      sums[r][j] = !first_block ? load(out + r * ldo + j * W) : init ? load(init + j * W) : Vec<T>{};
  const std::uint8_t* const end = a.places + a.visits[0];
  for (const std::uint8_t* place = a.places; place < end; ++place) {
    const T* x = a.values + *place * kRows;
    const T* row = in_register(b + *place * ldb);
    Vec<T> w[J];
#pragma GCC unroll 8
    for (int j = 0; j < J; ++j) w[j] = load(row + j * W);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 8
      for (int j = 0; j < J; ++j) sums[r][j] += x[r] * w[j];
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 8
    for (int j = 0; j < J; ++j) store(out + r * ldo + j * W, sums[r][j]);
}

// The same for row r of packed rows that have visits of their own: out (J vectors,).
template <class T, int J>
[[gnu::noinline]] void multiply_row(const PackedRows<T>& a, int r, const T* b, std::ptrdiff_t ldb, T* out,
                                    const T* init, bool first_block) {
  constexpr int W = kWidth<T>;
  Vec<T> sums[J];
#pragma GCC unroll 8
  for (int j = 0; j < J; ++j) sums[j] = !first_block ? load(out + j * W) : init ? load(init + j * W) : Vec<T>{};
  const T* const x = a.own + r * a.ld;
  const std::uint8_t *place = a.places + r * a.ld_places, *const end = place + a.visits[r];
  for (; place < end; ++place) {
    const T* row = in_register(b + *place * ldb);
#pragma GCC unroll 8
    for (int j = 0; j < J; ++j) sums[j] += x[*place * a.step] * load(row + j * W);
  }
#pragma GCC unroll 8
  for (int j = 0; j < J; ++j) store(out + j * W, sums[j]);
}

// Rows of a panel of B, `ld` apart.
template <class T>
struct PanelRows {
  const T* p = nullptr;
  std::ptrdiff_t ld = 0;
};
// Where a panel's sums go, rows `ld` apart; they start from init, a row of the panel, or from zero where it is null, or
// are added to what is there.
template <class T>
struct Out {
  T* p;
  std::ptrdiff_t ld;
  const T* init;
  bool adds = false;
};

// A chunk of A's rows over one block of the depth; each thread has one, which every product packs anew.
template <class T>
struct PackedChunk {
  PackedRows<T> packed[kMostChunk / kRows];
  Range rows, depth;
  // Of all packed rows, one behind the other: what a small depth does not fill stays out of the caches.
  alignas(64) std::uint8_t places[kMostChunk * kMostBlock];
  alignas(64) T values[kMostChunk * kMostBlock];

  template <class A>
  void pack(const A& a, double sharing) {
    const int ld = (depth.size() + 15) / 16 * 16;
    for (int row = rows.begin, i = 0; row < rows.end; row += kRows, ++i) {
      packed[i].ld_places = ld;
      packed[i].places = places + i * kRows * ld;
      packed[i].values = values + i * kRows * ld;
      a.pack(sharing, row, std::min(kRows, rows.end - row), depth.begin, depth.size(), packed[i]);
    }
  }

  // Times a panel of J vectors. The one after it is prefetched meanwhile: a step from panel to panel is further than
  // the processor looks ahead by itself.
  template <int J>
  void times(const PanelRows<T>& b, const PanelRows<T>& next, Out<T> out) const {
    const bool first_block = depth.begin == 0 && !out.adds;
    const int ahead_per_row = next.p ? (depth.size() * kRows + rows.size() - 1) / rows.size() : 0;
    const PackedRows<T>* a = packed;
    for (int row = rows.begin, ahead = 0; row < rows.end; row += kRows, ++a, out.p += kRows * out.ld) {
      for (const int until = std::min(depth.size(), ahead + ahead_per_row); ahead < until; ++ahead) {
        for (int j = 0; j < kPanelVectors * kWidth<T>; j += int(64 / sizeof(T)))
          __builtin_prefetch(next.p + ahead * next.ld + j);
      }
      if (a->shared) multiply_tile<T, J>(*a, b.p, b.ld, out.p, out.ld, out.init, first_block);
      else
        for (int r = 0; r < kRows && row + r < rows.end; ++r)
          multiply_row<T, J>(*a, r, b.p, b.ld, out.p + r * out.ld, out.init, first_block);
    }
  }
};

// Rows `rows` of A times the panels of B that belong to `owner`. b_of(panel, k) is B from its row k on, out_of(panel,
// row) where the sums of a row of A go; when_done(panel, J, rows) is called once the sums of these rows are whole.
template <class T, class Chunk, class A, class BOf, class OutOf, class WhenDone>
void product(const Plan& plan, Chunk& chunk, const A& a, Range rows, int depth, const PanelLayout<T>& layout,
             int owner, const BOf& b_of, const OutOf& out_of, const WhenDone& when_done) {
  for (int row = rows.begin; row < rows.end; row += plan.chunk) {
    chunk.rows = {row, std::min(row + plan.chunk, rows.end)};
    for (int k = 0; k < depth; k += plan.block) {
      chunk.depth = {k, std::min(k + plan.block, depth)};
      chunk.pack(a, plan.sharing);
      layout.for_each(owner, [&](const Panel& p, auto J, const Panel* next) {
        chunk.template times<J>(b_of(p, k), next ? b_of(*next, k) : decltype(b_of(p, k)){}, out_of(p, row));
        if (chunk.depth.end == depth) when_done(p, J, chunk.rows);
      });
    }
  }
}
template <class T, class Chunk, class A, class BOf, class OutOf>
void product(const Plan& plan, Chunk& chunk, const A& a, Range rows, int depth, const PanelLayout<T>& layout,
             int owner, const BOf& b_of, const OutOf& out_of) {
  product<T>(plan, chunk, a, rows, depth, layout, owner, b_of, out_of, [](const Panel&, auto, Range) {});
}

// from (rows, columns) → to (columns, rows), in tiles that stay in registers, or at least in the L1 cache.
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
