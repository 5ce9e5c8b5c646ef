// The batch → z and h of every layer, and the network's outputs.
#pragma once
#include "addition.h"
#include "batch_normalization.h"
#include "bfloat16_passes.h"
#include "layer_normalization.h"

namespace rowwise::ROWWISE_ISA {

// x (records, K) · kernel (K, N) + bias (N,) → z (records, N), for these rows and the owner's columns.
template <class T>
void multiply_by_kernel(State<T>& state, std::size_t i, int thread, Range rows, int owner) {
  const Layer<T>& l = state.layers[i];
  if (l.in_bfloat16()) return multiply_by_rounded_kernel(state, i, thread, rows, owner);
  const T* const bias = l.bias.get();
  with_x(state, i, thread, [&](const auto& x) {
    product<T>(
        state.plan, *state.packed[thread], x, rows, l.K, l.layout, owner, [&](const Panel& p, int k) { return l.kernel_rows(p, k); },
        [&](const Panel& p, int r) {
          return Out<T>{l.row(l.z, r) + p.column, l.ldn, bias ? bias + p.column : nullptr};
        });
  });
}

// z (units,) → h = activation(z) (units,) of one record; the last layer's h is then scaled.
template <class T>
inline void activate_row(const NetworkDescription& d, const Layer<T>& l, Activation activation, bool is_last, const T* z,
                         T* h, Range units) {
  if (activation == Activation::relu)  // the usual one, without the switch
    for (int j = units.begin; j < units.end; j += kWidth<T>) store(h + j, maximum<T>(Vec<T>{}, load(z + j)));
  else
    for (int j = units.begin; j < units.end; j += kWidth<T>)
      store(h + j, activate<T>(activation, load(z + j), T(l.description.leak)));
  if (activation == Activation::softmax) softmax(h, l.N);
  if (is_last && !d.output_scale.empty())
    for (int j = units.begin; j < units.end; ++j) h[j] = h[j] * T(d.output_scale[j]) + T(d.output_offset[j]);
}

// z (records, N) of layer i → h, and x_dropped of the layer that drops some of it (records, N), for these rows and units.
template <class T>
void activate_layer(State<T>& state, const Turn& turn, std::size_t i, Range rows, Range units) {
  const Layer<T>& l = state.layers[i];
  const bool is_last = i + 1 == state.layers.size(), drops = l.dropped_by >= 0 && state.call.drops();
  const Activation activation = l.description.activation;
  for (int r = rows.begin; r < rows.end && l.in_bfloat16(); ++r) round_numbers(l.row(l.z, r), units);
  for (int r = rows.begin; r < rows.end && !l.h_is_z; ++r) {
    activate_row(state.description, l, activation, is_last, l.row(l.z, r), l.row(l.h, r), units);
    if (l.rounds_outputs()) round_numbers(l.row(l.h, r), units);
  }
  for (int r = rows.begin; r < rows.end && drops; ++r) {
    const Layer<T>& next = state.layers[l.dropped_by];
    DropoutMask<T>(next.description.dropout, state.call.dropout_key, turn.step, std::size_t(l.dropped_by), r)
        .apply(l.row(l.outputs(), r), next.x_dropped.get() + std::ptrdiff_t(r) * next.ldk, units);
  }
}

// The batch (records, features) → z, h (records, N) of these layers. `own` are this thread's records, for layers whose
// columns are not divided.
template <class T>
void forward(State<T>& state, const Turn& turn, Range layers, Range own) {
  for (int at = layers.begin; at < layers.end; ++at) {
    const auto i = std::size_t(at);
    const Layer<T>& l = state.layers[i];
    const bool summed = l.is(Kind::batch_normalization) && state.call.mode != Mode::predict;  // they have met since
    if (l.waits && !summed) state.team.barrier().wait();
    const Range rows = l.by_columns ? Range{0, turn.records} : own;
    const int owner = l.by_columns ? turn.thread : kEveryOwner;
    const Range units = l.layout.columns(owner);
    switch (l.description.kind) {
      case Kind::dense: multiply_by_kernel(state, i, turn.thread, rows, owner); break;
      case Kind::batch_normalization: normalize(state, turn, i, rows, units); break;
      case Kind::layer_normalization: {
        const Rows<T> x = rows_of(state, l.sources[0], turn.thread);
        for (int r = rows.begin; r < rows.end; ++r) normalize_record(l, r, x.p + r * x.ld);
        break;
      }
      case Kind::addition: add_sources(state, turn, i, rows, units); break;
    }
    activate_layer(state, turn, i, rows, units);
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
