// A Dense layer's kernel, bias and d_z → bfloat16, as its products take them: as pairs of neighbours in their depth.
//
// The kernel and the bias themselves stay float32: the optimizer works on those, and rounds them anew after its step.
#pragma once
#include "layer.h"
#include "pair_product.h"

namespace rowwise::ROWWISE_ISA {

// What of a layer is rounded, and its memory.
inline void allocate_bfloat16(Layer<float>& l, int batch_size) {
  if (!l.in_bfloat16() || !l.is(Kind::dense)) return;
  l.pairs.kernel = Buffer<Pair>(std::size_t(pairs_in(l.K)) * (l.layout.size() / std::size_t(l.K)));
  l.pairs.d_z = Buffer<Pair>(std::size_t(pairs_in(batch_size)) * l.ldn);
  if (l.bias) l.pairs.bias = Buffer<float>(l.ldn);
  if (!l.has_kernel_t()) return;
  l.pairs.kernel_t = Buffer<Pair>(std::size_t(pairs_in(l.N)) * (l.layout_t.size() / std::size_t(l.N)));
}

// Where a panel of a matrix begins whose rows are pairs of the layout's: (pairs, columns).
inline Pair* panel_of(const Buffer<Pair>& matrix, const Panel& p, int pairs) {
  return matrix.get() + std::ptrdiff_t(pairs) * p.column;
}
inline PanelRows<Pair> kernel_pairs(const Layer<float>& l, const Panel& p, int k) {
  const int ld = l.layout.ld(p);
  return {panel_of(l.pairs.kernel, p, pairs_in(l.K)) + std::ptrdiff_t(k) * ld, ld};
}
inline PanelRows<Pair> kernel_t_pairs(const Layer<float>& l, const Panel& p, int k) {
  const int ld = l.layout_t.ld(p);
  return {panel_of(l.pairs.kernel_t, p, pairs_in(l.N)) + std::ptrdiff_t(k) * ld, ld};
}
inline PanelRows<Pair> d_z_pairs(const Layer<float>& l, const Panel& p, int k) {
  return {l.pairs.d_z.get() + std::ptrdiff_t(k) * l.ldn + p.column, l.ldn};
}

// Rows `rows` of a panel of the kernel (K, N), whole pairs of them → the same of pairs.kernel and pairs.kernel_t.
inline void round_kernel(const Layer<float>& l, const Panel& p, Range rows) {
  constexpr int W = kWidth<float>, kTile = 16;
  const int ld = l.layout.ld(p), pairs = pairs_in(l.layout.width(p));
  for (int k = rows.begin; k < rows.end; k += 2) {
    const float* const first = l.layout.row(l.kernel.get(), p, k);
    Pair* const to = panel_of(l.pairs.kernel, p, pairs_in(l.K)) + std::ptrdiff_t(k / 2) * ld;
    for (int j = 0; j < ld; j += W) store(to + j, pairs_of(load(first + j), k + 1 < l.K ? load(first + ld + j) : Vec<float>{}));
  }
  if (!l.pairs.kernel_t) return;
  for (const Panel& q : l.layout_t.panels()) {
    const int begin = std::max(rows.begin, q.column), end = std::min(rows.end, q.column + l.layout_t.width(q));
    for (int k = begin; k < end; k += kTile) {
      alignas(64) Pair tile[kTile][(kPanelVectors + 1) / 2 * W];  // rows of the kernel, pairs of columns
      const int count = std::min(kTile, end - k);
      for (int r = 0; r < count; ++r) {
        const float* const from = l.layout.row(l.kernel.get(), p, k + r);
        for (int j = 0; j < ld; j += 2 * W)
          store(tile[r] + j / 2, neighbours(load(from + j), j + W < ld ? load(from + j + W) : Vec<float>{}));
      }
      const int ld_to = l.layout_t.ld(q);
      Pair* const to = panel_of(l.pairs.kernel_t, q, pairs_in(l.N)) + std::ptrdiff_t(p.column / 2) * ld_to + k - q.column;
      transpose<Pair>(tile[0], sizeof(tile[0]) / sizeof(Pair), to, ld_to, count, pairs);
    }
  }
}
inline void round_bias(const Layer<float>& l, int begin, int end) {
  for (int j = begin; j < end; j += kWidth<float>) store(l.pairs.bias.get() + j, rounded(load(l.bias.get() + j)));
}
inline void round_weights(const Layer<float>& l) {
  if (l.pairs.kernel)
    for (const Panel& p : l.layout.panels()) round_kernel(l, p, {0, l.K});
  if (l.pairs.bias) round_bias(l, 0, l.N);
}

// d_z (records, N) of these records, whole pairs but for the last of a batch, and units → pairs.d_z.
inline void pair_d_z(const Layer<float>& l, Range rows, Range units) {
  for (int r = rows.begin; r < rows.end; r += 2) {
    const float* const first = l.row(l.d_z, r);
    Pair* const to = l.pairs.d_z.get() + std::ptrdiff_t(r / 2) * l.ldn;
    for (int j = units.begin; j < units.end; j += kWidth<float>)
      store(to + j, pairs_of(load(first + j), r + 1 < rows.end ? load(first + l.ldn + j) : Vec<float>{}));
  }
}

}  // namespace rowwise::ROWWISE_ISA
