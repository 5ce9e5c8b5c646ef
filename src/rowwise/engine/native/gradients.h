// d_z of every layer → all gradients of a step, and what clipping by norm multiplies them by.
#pragma once
#include "batch_normalization.h"
#include "bfloat16_passes.h"
#include "layer_normalization.h"
#include "optimizer.h"

namespace rowwise::ROWWISE_ISA {

// d_z (records, N) → d_bias, for the vector of columns from `column` on.
template <class T>
Vec<T> d_bias_of(const Layer<T>& l, int column, int records) {
  Vec<T> sum{};
  for (int r = 0; r < records; ++r) sum += load(l.row(l.d_z, r) + column);
  return sum;
}

// d_gamma, d_beta of a normalization, for the vector of units from j on.
template <class T>
Vec<T> d_gamma_of(const State<T>& state, const Turn& turn, const Layer<T>& l, int j) {
  if (l.is(Kind::batch_normalization)) return load(l.statistics.row(turn.thread, BatchStatistics<T>::kDGamma) + j);
  return sum_over_records(l, rows_of(state, l.sources[0], turn.thread), j, turn.records);
}
template <class T>
Vec<T> d_beta_of(const Turn& turn, const Layer<T>& l, int j) {
  if (l.is(Kind::batch_normalization)) return load(l.statistics.row(turn.thread, BatchStatistics<T>::kDBeta) + j);
  return d_bias_of(l, j, turn.records);
}

// x^T (K, records) · d_z (records, N) + the penalties' gradients → d_kernel (K, N), d_bias (N,) of all layers.
template <class T>
void store_gradients(State<T>& state, const Turn& turn) {
  for (std::size_t i = 0; i < state.layers.size(); ++i) {
    const Layer<T>& l = state.layers[i];
    const LayerDescription& d = l.description;
    const Regularization<T> of_kernel{T(d.kernel_l1), T(d.kernel_l2), 0}, of_bias{T(d.bias_l1), T(d.bias_l2), 0};
    if (l.description.is_normalization()) {
      const Range units = state.schedule.normalization_units(l, turn.thread);
      for (int j = units.begin; j < units.end; j += kWidth<T>) {
        const auto penalty = [&](const Buffer<T>& weights, const Regularization<T>& of) {
          return penalty_gradient<T>(load(weights.get() + j), of);
        };
        if (l.kernel) store(l.d_kernel.get() + j, d_gamma_of(state, turn, l, j) + penalty(l.kernel, of_kernel));
        if (l.bias) store(l.d_bias.get() + j, d_beta_of(turn, l, j) + penalty(l.bias, of_bias));
      }
    }
    if (!l.is(Kind::dense)) continue;
    const int owner = l.by_columns ? turn.thread : kEveryOwner;
    const Range rows = state.schedule.kernel_rows(l, turn.thread);
    const auto to = [&](const Panel& p, int k) {
      return Out<T>{l.layout.row(l.d_kernel.get(), p, k), l.layout.ld(p), nullptr};
    };
    const auto add_penalty = [&](const Panel& p, auto, Range done) {
      T* const g = l.layout.row(l.d_kernel.get(), p, done.begin);
      const T* const w = l.layout.row(l.kernel.get(), p, done.begin);
      for (int j = 0; j < done.size() * l.layout.ld(p); j += kWidth<T>)
        store(g + j, load(g + j) + penalty_gradient<T>(load(w + j), of_kernel));
    };
    if (l.in_bfloat16()) multiply_rounded_gradient(state, turn, i, rows, owner, to, add_penalty);
    else
      with_x_transposed(state, i, turn.thread, [&](const auto& x_t) {
        product<T>(
            state.plan, *state.packed[turn.thread], x_t, rows, turn.records, l.layout, owner,
            [&](const Panel& p, int r) { return l.d_z_rows(p, r); }, to, add_penalty);
      });
    if (!state.schedule.updates_bias(l, turn.thread)) continue;
    l.layout.for_each(owner, [&](const Panel& p, auto J, const Panel*) {
      for (int j = p.column; j < p.column + J * kWidth<T>; j += kWidth<T>)
        store(l.d_bias.get() + j, d_bias_of(l, j, turn.records) + penalty_gradient<T>(load(l.bias.get() + j), of_bias));
    });
  }
}

// d_kernel, d_bias of all layers → row_sums (kernel_rows,): of each row's squares. The sum of a row is formed by one
// thread, and the sums are added in the order of the rows: no factor depends on the threads.
template <class T>
void sum_squares(State<T>& state, int thread) {
  state.team.barrier().wait();  // all gradients are stored
  state.for_each_kernel_row(thread, [&](std::size_t place, const Layer<T>& l, int k) {
    double sum = 0;
    const auto add = [&](const T* g, int, int count) {
      for (int j = 0; j < count; ++j) sum += double(g[j]) * g[j];
    };
    if (k < l.K) l.layout.for_each_part(l.d_kernel.get(), k, add);
    else if (l.bias) add(l.d_bias.get(), 0, l.N);
    state.row_sums.get()[place] = sum;
  });
  state.team.barrier().wait();  // all rows are summed
}

// The factor that brings the norm of these rows' gradients down to `most`.
template <class T>
T clip_factor(const State<T>& state, std::size_t first_row, std::size_t rows, double most) {
  double sum = 0;
  for (std::size_t i = first_row; i < first_row + rows; ++i) sum += state.row_sums.get()[i];
  const double norm = std::sqrt(sum);
  return norm > most ? T(most / norm) : T(1);
}

}  // namespace rowwise::ROWWISE_ISA
