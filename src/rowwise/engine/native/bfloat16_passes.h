// What the passes of a step do otherwise for layers in bfloat16: their products take rounded numbers, and what they give is
// rounded. Compilations without -DROWWISE_BFLOAT16 have no such layers.
#pragma once
#include "bfloat16_layer.h"
#include "gather.h"

namespace rowwise::ROWWISE_ISA {

// Numbers (units,) → the same, rounded.
template <class T>
inline void round_numbers(T* numbers, Range units) {
  if constexpr (kBfloat16)
    for (int j = units.begin; j < units.end; j += kWidth<T>) store(numbers + j, rounded(load(numbers + j)));
}

// The whole d_z of a layer, for these records and units → the same, rounded, and in pairs.
template <class T>
void round_d_z(const Layer<T>& l, Range rows, Range units) {
  if constexpr (kBfloat16) {
    if (!l.in_bfloat16()) return;
    for (int r = rows.begin; r < rows.end; ++r) round_numbers(l.row(l.d_z, r), units);
    if (l.pairs.d_z) pair_d_z(l, rows, units);
  }
}

// multiply_by_kernel of forward.h.
template <class T>
void multiply_by_rounded_kernel(State<T>& state, std::size_t i, int thread, Range rows, int owner) {
  if constexpr (kBfloat16) {
    const Layer<T>& l = state.layers[i];
    const T* const bias = l.pairs.bias.get();
    const auto by_kernel = [&](const auto& x) {
      product<T>(
          state.plan, *state.packed_pairs[thread], x, rows, pairs_in(l.K), l.layout, owner,
          [&](const Panel& p, int k) { return kernel_pairs(l, p, k); },
          [&](const Panel& p, int r) {
            return Out<T>{l.row(l.z, r) + p.column, l.ldn, bias ? bias + p.column : nullptr};
          });
    };
    if (takes_bytes(state, l)) {
      const auto* bytes = state.bytes[state.schedule.batch_copy(thread)].get();
      return by_kernel(ByteRowPairs{bytes, state.ld_bytes, T(state.description.scale)});
    }
    const Rows<T> x = inputs_of(state, l, thread);
    by_kernel(RowPairs{x.p, x.ld, l.K});
  }
}

// The product of multiply_by_kernel_t of backward.h.
template <class T, class OutOf>
void multiply_by_rounded_kernel_t(State<T>& state, std::size_t i, int thread, Range rows, int owner, const OutOf& out_of) {
  if constexpr (kBfloat16) {
    const Layer<T>& l = state.layers[i];
    product<T>(
        state.plan, *state.packed_pairs[thread], RowPairs{l.d_z.get(), l.ldn, l.N}, rows, pairs_in(l.N), l.layout_t, owner,
        [&](const Panel& p, int k) { return kernel_t_pairs(l, p, k); }, out_of);
  }
}

// Weights of a layer that have changed, rows of the kernel and the owner's columns → what is rounded of them.
template <class T>
void round_changed(const Layer<T>& l, Range rows, int owner, bool with_bias) {
  if constexpr (kBfloat16) {
    if (!l.pairs.kernel) return;
    l.layout.for_each(owner, [&](const Panel& p, auto, const Panel*) {
      round_kernel(l, p, rows);
      if (with_bias && l.bias) round_bias(l, p.column, p.column + l.layout.ld(p));
    });
  }
}

// x^T (K, records) · d_z (records, N) → d_kernel, as the products of gradients.h and update.h.
template <class T, class OutOf, class WhenDone>
void multiply_rounded_gradient(State<T>& state, const Turn& turn, std::size_t i, Range rows, int owner,
                               const OutOf& out_of, const WhenDone& when_done) {
  if constexpr (kBfloat16) {
    const Layer<T>& l = state.layers[i];
    const auto by_d_z = [&](const auto& x_t) {
      product<T>(
          state.plan, *state.packed_pairs[turn.thread], x_t, rows, pairs_in(turn.records), l.layout, owner,
          [&](const Panel& p, int k) { return d_z_pairs(l, p, k); }, out_of, when_done);
    };
    if (takes_bytes(state, l)) {
      const auto* bytes = state.bytes[state.schedule.batch_copy(turn.thread)].get();
      return by_d_z(ByteColumnPairs{bytes, state.ld_bytes, T(state.description.scale), turn.records});
    }
    const Rows<T> x = inputs_of(state, l, turn.thread);
    by_d_z(ColumnPairs{x.p, x.ld, turn.records});
  }
}

}  // namespace rowwise::ROWWISE_ISA
