// Outputs and targets → losses, and d_z of every layer: the gradient of the batch's mean loss by z.
#pragma once
#include "addition.h"
#include "batch_normalization.h"
#include "bfloat16_passes.h"
#include "layer_normalization.h"
#include "loss.h"

namespace rowwise::ROWWISE_ISA {

// z, h (records, N) of the last layer and the targets → losses, hits (records,) and d_z (records, N), for these rows.
template <class T>
void losses_and_gradients(State<T>& state, const Turn& turn, Range rows) {
  const NetworkDescription& d = state.description;
  const Layer<T>& l = state.layers.back();
  const Records& records = state.call.records;
  const bool sparse = d.loss.kind == Loss::sparse_crossentropy;
  const Targets<T> targets{sparse ? static_cast<const std::int32_t*>(records.targets) : nullptr,
                           sparse ? nullptr : static_cast<const T*>(records.targets), d.loss};
  for (int r = rows.begin; r < rows.end; ++r) {
    const std::int64_t row = state.call.row(turn.first_visit + r);
    const T* h = l.row(l.h, r);
    T* d_z = l.row(l.d_z, r);
    const T loss = loss_and_gradient<T>(l.description.activation, T(l.description.leak), targets, row, l.row(l.z, r), h,
                                        d_z, l.N);
    const T weight = records.weights ? T(records.weights[row]) : T(1);
    state.losses.get()[r] = loss * weight;
    const T share_of_mean = weight / turn.records;
    if (!d.output_scale.empty())
      for (int j = 0; j < l.N; ++j) d_z[j] *= T(d.output_scale[j]);
    for (int j = 0; j < l.N; ++j) d_z[j] *= share_of_mean;
    for (int j = l.N; j % kWidth<T>; ++j) d_z[j] = 0;
    state.hits.get()[r] = is_hit(targets, row, h, l.N);
  }
  round_d_z(l, rows, {0, l.N});
}

// The gradient by h (units,) of one record of a layer → the gradient by z, in place: d_z.
template <class T>
inline void through_activation(const Layer<T>& l, int r, Range units) {
  const Activation activation = l.description.activation;
  const T leak = T(l.description.leak);
  T* const d = l.row(l.d_z, r);
  const T *const z = l.row(l.z, r), *const h = l.row(l.outputs(), r);
  if (activation == Activation::relu)  // the usual one, without the switch
    for (int j = units.begin; j < units.end; j += kWidth<T>)
      store(d + j, load(h + j) > Vec<T>{} ? load(d + j) : Vec<T>{});
  else if (activation != Activation::linear)
    for (int j = units.begin; j < units.end; j += kWidth<T>)
      store(d + j, load(d + j) * derivative<T>(activation, load(z + j), load(h + j), leak));
  if (activation == Activation::softmax) softmax_backward(d, h, l.N);
}

// d_z (records, N) of layer i, a Dense one, · kernel_t (N, K) → its part of d_h (records, K) of its source, times
// dropout's mask; for these rows and the owner's columns.
template <class T>
void multiply_by_kernel_t(State<T>& state, const Turn& turn, std::size_t i, Range rows, int owner) {
  const Layer<T>& l = state.layers[i];
  const Source source = l.sources[0];
  const Layer<T>& before = state.layers[source.layer];
  const auto to = [&](const Panel& p, int r) {
    return Out<T>{before.row(before.d_z, r) + p.column, before.ldn, nullptr, !source.is_first};
  };
  if (l.in_bfloat16()) multiply_by_rounded_kernel_t(state, i, turn.thread, rows, owner, to);
  else product<T>(
      state.plan, *state.packed[turn.thread], Rows<T>{l.d_z.get(), l.ldn}, rows, l.N, l.layout_t, owner,
      [&](const Panel& p, int k) { return l.kernel_t_rows(p, k); }, to);
  const Range units = l.layout_t.columns(owner);
  for (int r = rows.begin; r < rows.end; ++r) {
    T* const d = before.row(before.d_z, r);
    if (l.description.dropout > 0)
      DropoutMask<T>(l.description.dropout, state.call.dropout_key, turn.step, i, r).apply(d, d, units);
    if (source.is_last) through_activation(before, r, units);
  }
  if (source.is_last) round_d_z(before, rows, units);
}

// d_z (records, N) of layer i, no Dense one → its part of d_h (records, N) of its sources, for these rows and units.
template <class T>
void backward_unit_by_unit(State<T>& state, const Turn& turn, std::size_t i, Range rows, Range units) {
  const Layer<T>& l = state.layers[i];
  for (int r = rows.begin; r < rows.end; ++r) {
    T* const d_z = l.row(l.d_z, r);
    if (l.description.dropout > 0)
      DropoutMask<T>(l.description.dropout, state.call.dropout_key, turn.step, i, r).apply(d_z, d_z, units);
    for (const Source& source : l.sources) {
      if (source.layer == kTheRecords) continue;
      const Layer<T>& before = state.layers[source.layer];
      T* const d_x = before.row(before.d_z, r);
      const T* const x = before.row(before.outputs(), r);
      const bool adds = !source.is_first;
      if (l.is(Kind::addition)) add_backward(d_z, d_x, adds, units);
      else if (l.is(Kind::layer_normalization)) normalize_record_backward(l, r, x, d_x, adds);
      else normalize_backward(l, turn.thread, x, d_z, d_x, adds, units);
      if (source.is_last) through_activation(before, r, units);
    }
  }
  for (const Source& source : l.sources)
    if (source.layer != kTheRecords && source.is_last) round_d_z(state.layers[source.layer], rows, units);
}

// d_z of these layers, from the last to the first → d_z (records, N) of those whose outputs they take. `own` are this
// thread's records, where the columns are not divided.
template <class T>
void backward(State<T>& state, const Turn& turn, Range layers, Range own) {
  for (int at = layers.end; --at >= layers.begin;) {
    const auto i = std::size_t(at);
    const Layer<T>& l = state.layers[i];
    const bool by_columns = l.backward_by_columns;
    const Range rows = by_columns ? Range{0, turn.records} : own;
    const int owner = by_columns ? turn.thread : kEveryOwner;
    if (l.is(Kind::dense) && l.sources[0].layer == kTheRecords) continue;
    if (l.backward_waits && !l.is(Kind::batch_normalization)) state.team.barrier().wait();  // which has met since
    if (l.is(Kind::dense)) multiply_by_kernel_t(state, turn, i, rows, owner);
    else backward_unit_by_unit(state, turn, i, rows, l.layout_t.columns(owner));
  }
}

}  // namespace rowwise::ROWWISE_ISA
