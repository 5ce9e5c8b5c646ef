// Outputs and targets → losses, and d_z of every layer: the gradient of the batch's mean loss by z.
#pragma once
#include "gather.h"
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
}

// d_z (records, N) of layer i · kernel_t (N, K) → d_h, times dropout's mask and the activation's derivative → d_z
// (records, K) of layer i - 1; for these rows and the owner's columns.
template <class T>
void backward_layer(State<T>& state, const Turn& turn, std::size_t i, Range rows, int owner) {
  const Layer<T>& l = state.layers[i];
  const Layer<T>& before = state.layers[i - 1];
  const Activation activation = before.description.activation;
  const T leak = T(before.description.leak);
  product<T>(
      Rows<T>{l.d_z.get(), l.ldn}, rows, l.N, l.layout_t, owner,
      [&](const Panel& p, int k) { return l.kernel_t_rows(p, k); },
      [&](const Panel& p, int r) { return Out<T>{before.row(before.d_z, r) + p.column, before.ldn, nullptr}; });
  const Range units = l.layout_t.columns(owner);
  for (int r = rows.begin; r < rows.end; ++r) {
    T* const d = before.row(before.d_z, r);
    const T *const z = before.row(before.z, r), *const h = before.row(before.h, r);
    if (l.description.dropout > 0)
      DropoutMask<T>(l.description.dropout, state.call.dropout_key, turn.step, i, r).apply(d, d, units);
    if (activation == Activation::relu)  // the usual one, without the switch
      for (int j = units.begin; j < units.end; j += kWidth<T>)
        store(d + j, load(h + j) > Vec<T>{} ? load(d + j) : Vec<T>{});
    else
      for (int j = units.begin; j < units.end; j += kWidth<T>)
        store(d + j, load(d + j) * derivative<T>(activation, load(z + j), load(h + j), leak));
    if (activation == Activation::softmax) softmax_backward(d, h, before.N);
  }
}

// d_z of the last layer → d_z (records, N) of all layers. `own` are this thread's records, where the columns are not
// divided.
template <class T>
void backward(State<T>& state, const Turn& turn, Range own) {
  bool by_columns = false;  // how the d_z that is read next was written
  for (std::size_t i = state.layers.size() - 1; i > 0; --i) {
    const Layer<T>& l = state.layers[i];
    if (l.backward_by_columns || by_columns) state.team.barrier().wait();
    by_columns = l.backward_by_columns;
    backward_layer(state, turn, i, by_columns ? Range{0, turn.records} : own, by_columns ? turn.thread : kEveryOwner);
  }
}

}  // namespace rowwise::ROWWISE_ISA
