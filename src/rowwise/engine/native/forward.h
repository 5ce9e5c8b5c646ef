// The batch → z and h of every layer, and the network's outputs.
#pragma once
#include "activation.h"
#include "gather.h"

namespace rowwise::ROWWISE_ISA {

// x (records, K) · kernel (K, N) + bias (N,) → z (records, N), for these rows and the owner's columns.
template <class T>
void multiply_by_kernel(State<T>& state, std::size_t i, int thread, Range rows, int owner) {
  const Layer<T>& l = state.layers[i];
  const T* const bias = l.bias.get();
  with_x(state, i, thread, [&](const auto& x) {
    product<T>(
        x, rows, l.K, l.layout, owner, [&](const Panel& p, int k) { return l.kernel_rows(p, k); },
        [&](const Panel& p, int r) {
          return Out<T>{l.row(l.z, r) + p.column, l.ldn, bias ? bias + p.column : nullptr};
        });
  });
}

// z (records, N) → h = activation(z) (records, N), for these rows and units; the last layer's h is then scaled, and of
// the others the next layer's x_dropped (records, N) is made.
template <class T>
void activate_layer(State<T>& state, const Turn& turn, std::size_t i, Range rows, Range units) {
  const NetworkDescription& d = state.description;
  const Layer<T>& l = state.layers[i];
  const Activation activation = l.description.activation;
  const T leak = T(l.description.leak);
  const bool is_last = i + 1 == state.layers.size();
  for (int r = rows.begin; r < rows.end; ++r) {
    const T* z = l.row(l.z, r);
    T* h = l.row(l.h, r);
    if (activation == Activation::relu)  // the usual one, without the switch
      for (int j = units.begin; j < units.end; j += kWidth<T>) store(h + j, maximum<T>(Vec<T>{}, load(z + j)));
    else
      for (int j = units.begin; j < units.end; j += kWidth<T>) store(h + j, activate<T>(activation, load(z + j), leak));
    if (activation == Activation::softmax) softmax(h, l.N);
    if (is_last && !d.output_scale.empty())
      for (int j = units.begin; j < units.end; ++j) h[j] = h[j] * T(d.output_scale[j]) + T(d.output_offset[j]);
    if (is_last || !state.call.drops()) continue;
    const Layer<T>& next = state.layers[i + 1];
    if (next.x_dropped)
      DropoutMask<T>(next.description.dropout, state.call.dropout_key, turn.step, i + 1, r)
          .apply(h, next.x_dropped.get() + std::ptrdiff_t(r) * next.ldk, units);
  }
}

// The batch (records, features) → z, h (records, N) of all layers. `own` are this thread's records, for layers whose
// columns are not divided.
template <class T>
void forward(State<T>& state, const Turn& turn, Range own) {
  for (std::size_t i = 0; i < state.layers.size(); ++i) {
    const Layer<T>& l = state.layers[i];
    if (i > 0 && (l.by_columns || state.layers[i - 1].by_columns)) state.team.barrier().wait();
    const Range rows = l.by_columns ? Range{0, turn.records} : own;
    const int owner = l.by_columns ? turn.thread : kEveryOwner;
    multiply_by_kernel(state, i, turn.thread, rows, owner);
    activate_layer(state, turn, i, rows, l.layout.columns(owner));
  }
}

// h (records, units) of the last layer → these rows of call.outputs (count, units).
template <class T>
void write_outputs(const State<T>& state, const Turn& turn, Range rows) {
  const Layer<T>& last = state.layers.back();
  for (int r = rows.begin; r < rows.end; ++r) {
    const T* h = last.row(last.h, r);
    float* out = state.call.outputs + (turn.first_visit + r) * last.N;
    for (int j = 0; j < last.N; ++j) out[j] = float(h[j]);
  }
}

}  // namespace rowwise::ROWWISE_ISA
